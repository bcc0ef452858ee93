// Several nodes of one service in a virtual world, over one log that none of them holds; partitions are granted, moved and taken over
// as a registry would, and what comes to a node that has not its partition is passed on, in order. Production code but for that.
import { Failure } from "@atoll/core";
import { partitionOf } from "../../src/base/hash.ts";
import type { Message } from "../../src/mailbox/index.ts";
import type { Journal, JournalStore, Row } from "@atoll/core/journal";
import { BrokenLaw, placedRecords, SimulatedDisk, SimulatedJournalStore, type PlacedRecord } from "@atoll/core/journal/simulated";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted, type SharedLog } from "@atoll/core/system";
import { BankBooks, Checkout, Stock } from "../checkout.ts";
import { movingPartitions, movingSystem, Relay, Speaker } from "./moving.ts";
import type { Heard, Order } from "./saga-world.ts";

/** Virtual ms: more than anything here takes. */
const patienceMs = 3_600_000;
/** Between looks for the owner of a partition. */
const lookMs = 7;
/** For a node to take or to give up a partition; then it goes to another, whatever that one does. */
const handedWithinMs = 1_000;

interface Node {
  readonly process: VirtualProcess;
  booted: Booted | undefined;
  log: SharedLog | undefined;
  /** Tells on their way to other nodes, one after the other: by partition. */
  readonly lanes: Map<number, Promise<void>>;
}

export interface Word {
  readonly from: string;
  readonly n: number;
  readonly to: readonly string[];
}

export class MovingWorld {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly books = new BankBooks();
  readonly orders: Order[] = [];
  readonly heard = new Map<string, Heard>();
  readonly delivered = 20;
  /** Starts of sagas that were asked for, repetitions among them. */
  asked = 0;
  /** Acknowledged. */
  readonly words: Word[] = [];
  /** Called at every append, before it is made. */
  onAppend: (rows: readonly Row[]) => void = () => {};
  readonly #nodes: Node[] = [];
  readonly #owners: (Node | undefined)[] = Array.from({ length: movingPartitions }, () => undefined);
  readonly #epochs = Array.from({ length: movingPartitions }, () => 0);
  readonly #turns = Array.from({ length: movingPartitions }, () => Promise.resolve());
  #journal: Journal | undefined;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed, stepsMax: 600_000 });
    this.disk = new SimulatedDisk(this.world.outside);
    this.disk.onCommitted = (_, row) => {
      for (const { process, log } of this.#nodes)
        if (process.state !== "crashed") process.scheduler.soon(() => log?.writer.observe(row.partition, row));
    };
  }

  get up(): readonly number[] {
    return this.#nodes.flatMap(({ process, booted }, i) => (process.state !== "crashed" && booted ? [i] : []));
  }

  async start(): Promise<number> {
    const host = this.world.outside;
    this.#journal ??= await new SimulatedJournalStore(this.disk, host, { process: "host" }).open("orders", movingPartitions);
    const process = this.world.process(`node-${this.#nodes.length}`);
    const node: Node = { process, booted: undefined, log: undefined, lanes: new Map() };
    this.#nodes.push(node);
    const journals: JournalStore = { exists: () => Promise.resolve(true), open: () => Promise.resolve(this.#handedTo(process)) };
    const sharing = {
      opened: (log: SharedLog): void => {
        node.log = log;
        log.writer.onLost((partition) => log.tenants.lost(partition));
      },
      returned: (_: string, message: Message): void => this.#passOn(node, message),
    };
    const booted = await process.enter(host, () => boot(movingSystem(this.books), { runtime: process, journals, config: {}, sharing }));
    node.booted = booted;
    return this.#nodes.length - 1;
  }

  crash(index: number): void {
    const node = this.#node(index);
    node.process.crash();
    node.booted = undefined;
    this.world.reach("crashed");
  }

  pauseNode(index: number): void {
    const { process } = this.#node(index);
    if (process.state !== "running") return;
    process.pause();
    this.world.reach("paused");
  }

  resume(index: number): void {
    const { process } = this.#node(index);
    if (process.state === "paused") process.resume();
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  isOwner(index: number, partition: number): boolean {
    return this.#owners[partition] === this.#node(index);
  }

  partitionOfSaga(key: string): number {
    return partitionOf("checkout", key, movingPartitions);
  }

  /** The owner gives it up in order, and the other takes it. */
  move(partition: number, to: number): Promise<void> {
    return this.#inTurn(partition, async () => {
      const from = this.#owners[partition];
      this.#owners[partition] = undefined;
      if (from && from.process.state === "running" && from.log?.writer.owns(partition)) {
        const { tenants, writer } = from.log;
        const left = from.process.enter(this.world.outside, async () => {
          await tenants.leave(partition);
          await writer.release(partition);
        });
        await Promise.race([left.catch(() => undefined), this.pause(handedWithinMs)]);
        this.world.reach("moved");
      }
      await this.#grant(partition, this.#node(to));
    });
  }

  /** The other takes it, and the owner finds out by itself. */
  seize(partition: number, to: number): Promise<void> {
    return this.#inTurn(partition, async () => {
      const node = this.#node(to);
      if (this.#owners[partition] === node && node.log?.writer.owns(partition)) return;
      this.world.reach("taken over");
      await this.#grant(partition, node);
    });
  }

  /** Gives what nobody has that is running to one who is; until `over`. */
  async attend(over: () => boolean): Promise<void> {
    while (!over()) {
      await this.pause(300);
      const running = this.up.filter((index) => this.#node(index).process.state === "running");
      const some = running[Math.floor(this.world.random.next() * running.length)];
      for (const [partition, owner] of this.#owners.entries())
        if (some !== undefined && !(owner?.process.state === "running" && owner.log?.writer.owns(partition)))
          await this.seize(partition, some);
    }
  }

  /** On that node, whatever has its partitions. */
  on<T>(index: number, act: (booted: Booted) => T | Promise<T>): Promise<T> {
    const { process, booted } = this.#node(index);
    return process.enter(this.world.outside, () => act(booted as Booted));
  }

  // ── clients ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** On any living node; asked again until it is not a failure that may pass. */
  async insist<T>(act: (booted: Booted) => Promise<T>): Promise<T> {
    const endMs = this.world.timeMs + patienceMs;
    while (this.world.timeMs < endMs) {
      const up = this.#nodes.filter(({ process, booted }) => booted && process.state === "running");
      const node = up[Math.floor(this.world.random.next() * up.length)];
      if (node?.booted) {
        const { booted, process } = node;
        try {
          return await process.enter(this.world.outside, () => act(booted));
        } catch (error) {
          if (!(error instanceof Failure) || error.retry === "never") throw error;
        }
      }
      await this.pause(20 + this.world.random.next() * 200);
    }
    throw new BrokenLaw("answers", `there is no answer after ${patienceMs} virtual ms`);
  }

  deliver(): Promise<void> {
    return this.insist((booted) => booted.at(Stock, "tea").deliver({ qty: this.delivered }, { commandId: "delivery" }));
  }

  async order(order: Order): Promise<void> {
    this.orders.push(order);
    const { key, ...input } = order;
    const heard = await this.insist((booted) => {
      this.asked += 1;
      return booted.at(Checkout, key).start(input, { commandId: `start ${key}` });
    }).then(
      (answer): Heard => (answer.rejected ? { rejected: answer.rejected } : { reply: answer.reply }),
      (failure: unknown): Heard => ({ failed: (failure as Failure).code }),
    );
    this.heard.set(key, heard);
    this.world.note(`${key} -> ${JSON.stringify(heard)}`);
  }

  async say(word: Word): Promise<void> {
    const { from, n, to } = word;
    const commandId = `${from}:${n}`;
    if (from.startsWith("relay")) await this.insist((booted) => booted.at(Relay).pass(word, { commandId }));
    else await this.insist((booted) => booted.at(Speaker, from).say({ n, to }, { commandId }));
    this.words.push(word);
  }

  // ── what is left ────────────────────────────────────────────────────────────────────────────────────────────────

  journal(): readonly PlacedRecord[] {
    return this.#recordsOf("checkout");
  }

  stock(): readonly PlacedRecord[] {
    return this.#recordsOf("stock");
  }

  log(): readonly PlacedRecord[] {
    return placedRecords(this.disk.rows("orders"));
  }

  /** What each listener has heard of each speaker, in the order of its log. */
  listened(): ReadonlyMap<string, readonly number[]> {
    const heard = new Map<string, number[]>();
    for (const { record } of this.#recordsOf("listener"))
      for (const [, , data] of record.events) {
        const { from, n } = data as { readonly from: string; readonly n: number };
        const lane = `${from} to ${record.key}`;
        const known = heard.get(lane);
        if (known) known.push(n);
        else heard.set(lane, [n]);
      }
    return heard;
  }

  /** Gauges of the nodes that live, added up. */
  gauge(name: string): number {
    let sum = 0;
    for (const { process } of this.#nodes.filter((node) => node.process.state !== "crashed"))
      for (const line of process.metrics.render().split("\n")) if (line.startsWith(`${name}{`)) sum += Number(line.split(" ").at(-1));
    return sum;
  }

  #recordsOf(type: string): readonly PlacedRecord[] {
    return this.log().filter(({ record }) => record.type === type);
  }

  // ── ownership and ways between nodes ────────────────────────────────────────────────────────────────────────────

  #node(index: number): Node {
    return this.#nodes[index] as Node;
  }

  #inTurn(partition: number, act: () => Promise<void>): Promise<void> {
    const turn = (this.#turns[partition] as Promise<void>).then(act);
    this.#turns[partition] = turn.catch(() => undefined);
    return turn;
  }

  async #grant(partition: number, node: Node): Promise<void> {
    const { log, process } = node;
    if (!log || process.state === "crashed") return;
    if (log.writer.owns(partition)) return void (this.#owners[partition] = node);
    const epoch = ((this.#epochs[partition] as number) += 10);
    this.#owners[partition] = undefined;
    const granted = process.enter(this.world.outside, async () => {
      const { taken } = await log.writer.acquire(partition, epoch);
      if (!taken) return;
      log.tenants.acquired(partition);
      if (this.#epochs[partition] === epoch) this.#owners[partition] = node;
    });
    await Promise.race([granted.catch(() => undefined), this.pause(handedWithinMs)]);
  }

  /** Answers come to the process in events of its own, so that a paused one hears nothing. */
  #handedTo(process: VirtualProcess): Journal {
    const journal = this.#journal as Journal;
    const handed = <T>(answer: Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        answer.then(
          (value) => process.scheduler.soon(() => resolve(value)),
          (error: unknown) => process.scheduler.soon(() => reject(error instanceof Error ? error : new TypeError(String(error)))),
        );
      });
    const confirm = async (partition: number, epoch: number): Promise<boolean> => (await journal.partitions())[partition]?.epoch === epoch;
    return new Proxy(journal, {
      get: (target, name) => {
        if (name === Symbol.asyncDispose) return () => Promise.resolve();
        if (name === "confirm") return (partition: number, epoch: number) => handed(confirm(partition, epoch));
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          if (name === "append") this.onAppend(args[0] as readonly Row[]);
          const answer: unknown = (member as (...given: unknown[]) => unknown).apply(target, args);
          return answer instanceof Promise ? handed(answer) : answer;
        };
      },
    });
  }

  #passOn(from: Node, message: Message): void {
    const { to, key, withinMs } = message;
    this.world.reach(`passed on: ${to.contract.$.name}`);
    from.process.timers.after(withinMs, () =>
      message.fail(new Failure("DEADLINE", { what: "nobody had it in time", at: message.address })),
    );
    const partition = partitionOf(to.contract.$.name, key, movingPartitions);
    if (to.contract.$.name === "checkout") return void this.#pass(from, partition, message);
    const before = from.lanes.get(partition) ?? Promise.resolve();
    from.lanes.set(
      partition,
      before.then(() => this.#pass(from, partition, message)),
    );
  }

  /** Resolves when the message is settled. */
  async #pass(from: Node, partition: number, message: Message): Promise<void> {
    while (!message.settled) {
      const owner = this.#owners[partition];
      if (owner?.log && owner.process.state !== "crashed" && owner.log.writer.owns(partition)) return this.#send(from, owner, message);
      await new Promise<void>((resolve) => void from.process.timers.after(lookMs, resolve));
    }
  }

  #send(from: Node, owner: Node, message: Message): Promise<void> {
    const { to, key, input, caller, id, minted, timeless, told, withinMs, read } = message;
    const call = {
      to,
      key,
      input,
      caller,
      id: to.kind === "query" ? undefined : id,
      minted: timeless ? undefined : minted,
      ...(told ? { told } : {}),
      withinMs,
      read,
      session: undefined,
    };
    return new Promise((resolve) => {
      const before = message.onSettled;
      message.onSettled = () => {
        before?.();
        resolve();
      };
      owner.process.scheduler.soon(() => {
        owner.log?.sender.send(
          call,
          (answer) => from.process.scheduler.soon(() => message.answer(answer)),
          (failure) => from.process.scheduler.soon(() => message.fail(failure)),
        );
      });
    });
  }
}
