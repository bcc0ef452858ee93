// The ledger on several nodes of one service, and clients on nodes of their own, in a virtual world: the production code over a network
// and a disk with faults. Outside of them a supervisor keeps the registry: it hears of deaths late, counts the beats of
// paused nodes, kills what nobody can replace while it hangs, starts again what has ended, and tells everybody, each by a
// way of its own that keeps the order and takes its time.
import { type At, Failure } from "@atoll/core";
import { emptyRegistry, type NodeReport, planOf, type RegistryInput, stepRegistry } from "@atoll/core/cluster";
import { SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { type Directory, ring } from "@atoll/core/ring";
import type { VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { type Address, type NodeIdentity, ticketFor } from "@atoll/core/transport";
import { type NetworkFaults, SimulatedNetwork } from "@atoll/core/transport/simulated";
import { partitionOf } from "../../src/base/hash.ts";
import { Ledger, ledgerSystem } from "./ledger.ts";
import { type Heard, LedgerWorld, serviceName } from "./ledger-world.ts";

/** What a node was told last. */
interface Told {
  readonly nodes: readonly Life[];
  readonly plan: ReturnType<typeof planOf>;
}

interface Life {
  readonly identity: NodeIdentity;
  readonly secret: string;
  readonly process: VirtualProcess;
  readonly journals: SimulatedJournalStore;
  booted: Booted | undefined;
  state: "starting" | "running" | "draining" | "ended";
  /** Beats that are missing. */
  missing: number;
  silent: boolean;
  told: Told;
  readonly watchers: (() => void)[];
  /** What is on its way to it, and from it. */
  toIt: Promise<void>;
  fromIt: Promise<void>;
}

export const clients = ["client-1", "client-2"] as const;
const beatMs = 1_000;
const silentAfter = 3;
const newsMsMax = 30;

export class RingWorld extends LedgerWorld {
  readonly network: SimulatedNetwork;
  readonly #lives = new Map<string, Life>();
  readonly #tickets = new WeakMap<NodeIdentity, Map<string, string>>();
  #registry = emptyRegistry;
  #started = 0;
  #over = false;
  #pipelined = 0;
  /** Where the next thing is asked; undefined: anywhere. */
  #speaker: string | undefined;
  /** Nodes of the service that are to be there. */
  readonly #wanted = new Set<string>();

  constructor(seed: number, faults: Partial<NetworkFaults>) {
    super(seed, 3_000_000);
    this.network = new SimulatedNetwork(this.world, faults);
  }

  /** Resolves when the clients and the first node are there, the others come up beside them. */
  async start(nodes: number): Promise<void> {
    for (const node of clients) await this.#up(node, "client");
    for (let n = 1; n <= nodes; n++) this.add(`ledgers-${n}`);
    this.#beat();
    while (!this.running.length) await this.pause(10);
  }

  /** Names of the nodes of the service that run. */
  get running(): readonly string[] {
    return [...this.#wanted].filter((node) => this.#lives.get(node)?.state === "running");
  }

  /** Node that owns the key, if it does not have the log open. */
  guestOwnerOf(key: string): string | undefined {
    const { host, partitions } = planOf(this.#registry);
    const owner = partitions[partitionOf(Ledger.$.name, key, partitions.length)]?.owner;
    const life = [...this.#lives.values()].find(({ identity }) => identity.incarnation === owner);
    return life?.state === "running" && owner !== host ? life.identity.node : undefined;
  }

  get partitions(): number {
    return planOf(this.#registry).partitions.length;
  }

  add(node: string): void {
    this.#wanted.add(node);
    void this.#up(node, serviceName);
  }

  isPaused(node: string): boolean {
    return this.#lives.get(node)?.process.state === "paused";
  }

  crash(node: string, what: "process" | "machine"): void {
    const life = this.#lives.get(node);
    if (!life || life.state === "ended") return;
    life.state = "ended";
    this.network.crash(node, what);
    life.journals.crash();
    this.world.note(`crash ${node} ${what}`);
    void this.#bury(life);
  }

  async #bury({ identity: { node, incarnation } }: Life): Promise<void> {
    await this.pause(this.#upTo(newsMsMax));
    this.#take({ kind: "ended", incarnation });
    await this.pause(100 + this.#upTo(300));
    if (this.#wanted.has(node) && !this.#over) await this.#up(node, serviceName);
  }

  pauseNode(node: string): void {
    if (this.#lives.get(node)?.process.state === "running") this.network.pause(node);
  }

  resumeNode(node: string): void {
    if (this.isPaused(node)) this.network.resume(node);
  }

  move(partition: number, node: string): void {
    const life = this.#lives.get(node);
    if (life?.state === "running") this.#take({ kind: "move", partition, incarnation: life.identity.incarnation });
  }

  /** Its partitions leave, then it ends, and is not started again. */
  async drain(node: string): Promise<void> {
    const life = this.#lives.get(node);
    if (life?.state !== "running" || this.running.length < 2) return;
    this.#wanted.delete(node);
    life.state = "draining";
    this.#take({ kind: "draining", incarnation: life.identity.incarnation });
    const holds = (): boolean => planOf(this.#registry).partitions.some(({ owner }) => owner === life.identity.incarnation);
    while (holds() && (life.state as Life["state"]) !== "ended") await this.pause(20);
    if ((life.state as Life["state"]) === "ended") return;
    await life.process.enter(this.world.outside, () => life.booted?.stop(10_000) ?? Promise.resolve());
    life.state = "ended";
    this.network.crash(node, "process");
    life.journals.crash();
    this.#take({ kind: "ended", incarnation: life.identity.incarnation });
    this.world.reach("drained");
  }

  /** Whoever is paused goes on, nothing is cut or lost any more. */
  heal(): void {
    for (const node of this.#lives.keys()) this.resumeNode(node);
    this.network.heal();
    this.network.faults = { ...this.network.faults, lossChance: 0, reorderChance: 0 };
  }

  async stop(): Promise<void> {
    this.#over = true;
    for (const { booted, process, state } of this.#lives.values())
      if (booted && state !== "ended") await process.enter(this.world.outside, () => booted.stop(60_000));
  }

  /** Somebody at this node itself asks, before it has heard anything. */
  askAt(node: string, ...what: Parameters<LedgerWorld["ask"]>): Promise<Heard> {
    this.#speaker = node;
    const heard = this.ask(...what);
    this.#speaker = undefined;
    return heard;
  }

  /**
   * One client asks for so many things of one key without waiting for answers, at most `apartMs` apart. Resolves with the ids, in the
   * order in which they were asked for.
   */
  async pipeline(key: string, count: number, apartMs = 0): Promise<readonly string[]> {
    const ids = Array.from({ length: count }, () => `p${(this.#pipelined += 1)}`);
    const { process, booted } = this.#lives.get(clients[this.#upTo(clients.length - 1)] as string) as Life;
    const ask = async (id: string): Promise<void> => {
      const asked = this.asking("put", key, id);
      try {
        const answer = await (booted as Booted).at(Ledger, key).put({ n: 1 }, { commandId: id });
        this.heard(asked, answer.rejected ? { kind: "full", count: answer.details.count } : { kind: "reply", count: answer.reply.count });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.heard(asked, { kind: "failure", failure: error });
      }
    };
    const asking: Promise<void>[] = [];
    const turns = apartMs > 0 ? ids.map((id) => [id]) : [ids];
    for (const turn of turns) {
      await process.enter(this.world.outside, async () => void asking.push(...turn.map(ask)));
      await this.pause(this.world.random.next() * apartMs);
    }
    await Promise.all(asking);
    return ids;
  }

  /** A client asks; now and then somebody at a node of the service itself. */
  protected speak(act: (at: At) => Promise<Heard>): Promise<Heard> | undefined {
    const { random } = this.world;
    const near = random.next() < 0.2 ? this.running : [];
    const names = near.length > 0 ? near : clients;
    const life = this.#lives.get(this.#speaker ?? (names[Math.floor(random.next() * names.length)] as string));
    const { booted } = life ?? {};
    if (!life || !booted || life.process.state !== "running") return undefined;
    return life.process.enter(this.world.outside, () => act(booted.at));
  }

  async #up(node: string, service: string): Promise<void> {
    this.#started += 1;
    const incarnation = String(this.#started).padStart(32, "0");
    const identity: NodeIdentity = { node, service, incarnation };
    const process = this.world.process(node);
    const life: Life = {
      identity,
      secret: `secret of ${incarnation}`,
      process,
      journals: new SimulatedJournalStore(this.disk, process, { process: node }),
      booted: undefined,
      state: "starting",
      missing: 0,
      silent: false,
      told: this.#news(),
      watchers: [],
      toIt: Promise.resolve(),
      fromIt: Promise.resolve(),
    };
    this.#lives.set(node, life);
    if (service === serviceName) this.#take({ kind: "joined", node, incarnation });
    const joined = ring({
      transport: this.network.transport(process, { system: ledgerSystem.name, self: identity }),
      directory: this.#directoryOf(life),
      at: incarnation,
      secret: life.secret,
      report: (report) => this.#reported(life, report),
    });
    const { journals } = life;
    try {
      life.booted = await process.enter(this.world.outside, () =>
        boot(ledgerSystem, { runtime: process, journals, config: {}, ring: joined }),
      );
    } catch (error) {
      if (process.state === "crashed") return;
      this.world.note(`${node} cannot start: ${String(error)}`);
      this.world.reach("boot failed");
      return this.crash(node, "process");
    }
    if (life.state !== "starting") return;
    life.state = "running";
    if (service === serviceName) this.#take({ kind: "running", incarnation });
    this.#tellAll();
  }

  #reported(life: Life, report: NodeReport): void {
    const { incarnation } = life.identity;
    life.fromIt = life.fromIt.then(() => this.pause(this.#upTo(newsMsMax))).then(() => this.#take({ kind: "report", incarnation, report }));
  }

  #beat(): void {
    this.world.outside.timers.after(beatMs, () => {
      if (this.#over) return;
      for (const life of this.#lives.values()) this.#listen(life);
      this.#beat();
    });
  }

  #listen(life: Life): void {
    const { node, service, incarnation } = life.identity;
    if (service !== serviceName || life.state === "ended") return;
    life.missing = life.process.state === "paused" ? life.missing + 1 : 0;
    if (life.silent && life.missing === 0) {
      life.silent = false;
      this.world.reach("zombie is back");
      return this.#take({ kind: "heard", incarnation });
    }
    if (life.silent || life.missing < silentAfter) return;
    const hosts = planOf(this.#registry).host === incarnation;
    if (hosts || life.state === "starting" || this.running.length < 2) {
      this.world.reach("host killed");
      return this.crash(node, "process");
    }
    life.silent = true;
    this.world.reach("silent");
    this.#take({ kind: "silent", incarnation });
  }

  #take(input: RegistryInput): void {
    const before = planOf(this.#registry);
    this.#registry = stepRegistry(this.#registry, input);
    if (planOf(this.#registry) !== before || input.kind !== "report") this.#tellAll();
  }

  #news(): Told {
    const nodes = [...this.#lives.values()].filter(({ state, silent, identity }) => {
      return identity.service === serviceName && !silent && (state === "running" || state === "draining");
    });
    return { nodes, plan: planOf(this.#registry) };
  }

  #tellAll(): void {
    for (const life of this.#lives.values()) if (life.state !== "ended") this.#tell(life, this.#news());
  }

  /** What waits for a paused process is there when it goes on. */
  #tell(life: Life, news: Told): void {
    life.toIt = life.toIt
      .then(() => this.pause(this.#upTo(newsMsMax)))
      .then(() =>
        life.process.enter(this.world.outside, () => {
          life.told = news;
          for (const watcher of life.watchers) watcher();
          return Promise.resolve();
        }),
      )
      .catch(() => undefined); // it has crashed
  }

  /** Made once, as the supervisor does it: a node looks at its directory all the time. */
  #ticket(secret: string, caller: NodeIdentity): string {
    let byCaller = this.#tickets.get(caller);
    if (!byCaller) this.#tickets.set(caller, (byCaller = new Map<string, string>()));
    let ticket = byCaller.get(secret);
    if (ticket === undefined) byCaller.set(secret, (ticket = ticketFor(secret, ledgerSystem.name, caller)));
    return ticket;
  }

  #directoryOf(life: Life): Directory {
    return {
      nodes: (service) =>
        service === serviceName
          ? life.told.nodes
              .filter((other) => other !== life)
              .map(({ identity, secret }): Address => {
                return { identity, at: identity.incarnation, ticket: this.#ticket(secret, life.identity) };
              })
          : [],
      lost: () => undefined,
      plan: (service) => (service === serviceName ? life.told.plan : undefined),
      watch: (changed) => life.watchers.push(changed),
    };
  }

  #upTo(max: number): number {
    return Math.floor(this.world.random.next() * (max + 1));
  }
}
