// Three nodes of one service with one log, on machines of their own that share a disk: a careful client at each takes partitions
// over and appends, while hosts crash or stand still until they are killed, others are named, and the network loses and cuts. Checked:
//
//  L1  the log obeys its laws; what was acknowledged is in it, what was denied is not (S1, S3)
//  L2  at most one living process has the file open (S4)
//  L3  no epoch is confirmed to who asks after somebody has been told of a later one (S5, J14)
//  L4  the host hears of every row, in order and without a gap, or of the head behind it
//  L5  once all is well again, every node takes a partition over and appends within half a minute (S2)
import assert from "node:assert/strict";
import { Failure } from "@atoll/core";
import { answerWithin, type Journal, type Row } from "@atoll/core/journal";
import { checkLog, type FaultRates, noFaults, placedRecords, SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { type Hosting, SharedJournalStore } from "@atoll/core/log-host";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { type NodeIdentity, ticketFor } from "@atoll/core/transport";
import { SimulatedNetwork } from "@atoll/core/transport/simulated";
import { CarefulClient, type Verdict } from "../../src/journal/tck/careful-client.ts";

const system = "shared";
const service = "ledger";
const partitions = 4;
const names = ["ledger-1", "ledger-2", "ledger-3"] as const;
const askedWithinMs = 3_000;
const recoveredWithinMs = 30_000;
const diskFaults: FaultRates = {
  ...noFaults,
  slow: 0.02,
  failed: 0.02,
  full: 0.01,
  ambiguous: 0.03,
  late: 0.02,
  hang: 0.005,
  slowMsMax: 50,
};

interface Life {
  readonly name: string;
  readonly identity: NodeIdentity;
  readonly secret: string;
  readonly process: VirtualProcess;
  readonly disk: SimulatedJournalStore;
  readonly store: SharedJournalStore;
  readonly client: CarefulClient;
  hosting: boolean;
  busy: boolean;
}

class Nodes {
  readonly world: VirtualWorld;
  readonly network: SimulatedNetwork;
  readonly disk: SimulatedDisk;
  readonly marks = new Map<string, number>();
  readonly lives = new Map<string, Life>();
  /** By partition: the highest epoch that somebody was told of. */
  readonly #told = new Array<number>(partitions).fill(0);
  readonly #verdicts: CarefulClient["verdicts"][] = [];
  readonly #watchers: (readonly [VirtualProcess, () => void])[] = [];
  readonly #strict: boolean;
  /** Noted, and not thrown: what a listener throws would be taken for an error of the journal. */
  readonly #broken: string[] = [];
  #host: Life | undefined;
  #started = 0;
  #records = 0;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed, stepsMax: 4_000_000 });
    this.network = new SimulatedNetwork(this.world, { lossChance: 0.001, duplicateChance: 0.01, reorderChance: 0.001 });
    this.disk = new SimulatedDisk(this.world.outside);
    this.#strict = seed % 2 === 0;
    if (!this.#strict) this.disk.faults = diskFaults;
  }

  reached(mark: string): void {
    this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
  }

  get host(): Life | undefined {
    return this.#host;
  }

  /** Starts a process of the node, and its client. */
  up(name: string): void {
    this.#started += 1;
    const identity = { node: name, service, incarnation: String(this.#started).padStart(32, "0") };
    const process = this.world.process(name);
    const transport = this.network.transport(process, { system, self: identity });
    const local = new SimulatedJournalStore(this.disk, process, { process: process.label });
    const hosting: Hosting = {
      host: () => {
        const host = this.#host;
        if (!host) return undefined;
        if (host.identity === identity) return "here";
        return { identity: host.identity, at: host.identity.incarnation, ticket: ticketFor(host.secret, system, identity) };
      },
      watch: (changed) => void this.#watchers.push([process, changed]),
    };
    const store = new SharedJournalStore({ local, transport, runtime: process, service, hosting });
    const secret = `secret of ${identity.incarnation}`;
    const opened = process.enter(this.world.outside, async () => {
      await transport.listen(identity.incarnation, secret, (link) => store.accept(link));
      return store.open(service, partitions);
    });
    const client = new CarefulClient(this.#patient(process, opened));
    this.#verdicts.push(client.verdicts);
    const life: Life = { name, identity, secret, process, disk: local, store, client, hosting: false, busy: false };
    this.lives.set(name, life);
    this.#listen(life);
    if (!this.#host) this.name(life);
  }

  /** `life` is to have the log open. */
  name(life: Life | undefined): void {
    this.#host = life;
    for (const [process, watcher] of this.#watchers) {
      const told = process.enter(this.world.outside, watcher);
      told.catch(() => undefined); // that process is dead
    }
  }

  crash(life: Life, what: "process" | "machine"): void {
    if (life.process.state === "paused") life.process.resume();
    this.network.crash(life.name, what);
    life.disk.crash();
    life.hosting = false;
    this.lives.delete(life.name);
    if (this.#host === life) this.name(undefined);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  /** The client of a node owns a partition and appends to it. */
  async work(life: Life, partition: number, appends: number): Promise<void> {
    life.busy = true;
    try {
      await life.process.enter(this.world.outside, async () => {
        await life.client.own(partition);
        for (let i = 0; i < appends; i++) {
          this.#records += 2;
          await life.client.append([partition, [`r${this.#records}`, `r${this.#records + 1}`]]);
          if (i % 3 === 2) await life.client.index(partition);
        }
      });
    } finally {
      life.busy = false;
    }
  }

  #law(holds: boolean, what: string): void {
    if (!holds) this.#broken.push(what);
  }

  check(): void {
    assert.deepEqual(this.#broken, []);
    const log = placedRecords(this.disk.rows(service));
    checkLog(log);
    const ids = new Set(log.map(({ record }) => record.id));
    for (const verdicts of this.#verdicts) {
      for (const [id, { verdict }] of verdicts) {
        this.reached(verdict satisfies Verdict);
        if (verdict === "acknowledged") assert(ids.has(id), `L1: ${id} was acknowledged`);
        if (verdict === "denied") assert(!ids.has(id), `L1: ${id} was denied`);
      }
    }
  }

  /** The journal with patience, whose every answer is checked against what others were told. */
  #patient(process: VirtualProcess, opened: Promise<Journal>): Journal {
    opened.catch(() => undefined); // it died before
    const patient = new Proxy({} as Journal, {
      get: (_, operation: keyof Journal) => {
        if (operation === "mayHold" || operation === "meta") throw new assert.AssertionError({ message: `the client asks ${operation}` });
        return async (...args: readonly unknown[]) => {
          const journal = await opened;
          const call = journal[operation] as (...given: readonly unknown[]) => Promise<unknown>;
          const value = await answerWithin(process, askedWithinMs, call.call(journal, ...args));
          if (operation === "takeOver") this.#tookOver(args[0] as number, value as { readonly taken: boolean; readonly epoch: number });
          if (operation === "append")
            for (const { partition, epoch } of args[0] as readonly Row[]) void this.#confirm(journal, partition, epoch);
          return value;
        };
      },
    });
    return patient;
  }

  #tookOver(partition: number, { epoch }: { readonly epoch: number }): void {
    this.#told[partition] = Math.max(this.#told[partition] as number, epoch);
  }

  async #confirm(journal: Journal, partition: number, epoch: number): Promise<void> {
    assert(journal.confirm);
    for (let i = 0; i < 4; i++) {
      const told = this.#told[partition] as number;
      let current: boolean;
      try {
        current = await journal.confirm(partition, epoch);
      } catch {
        return this.reached("not confirmed");
      }
      this.#law(!(current && epoch < told), `L3: epoch ${epoch} of partition ${partition} was confirmed after ${told} was told`);
      this.reached(current ? "confirmed" : "not current");
    }
  }

  #listen(life: Life): void {
    const heads: number[] = [];
    life.store.onHosting(({ heads: found }) => {
      for (const other of this.lives.values()) this.#law(!other.hosting, "L2: one process has the log open");
      life.hosting = true;
      heads.push(...found);
      this.reached(life.identity.incarnation === "1".padStart(32, "0") ? "first host" : "next host");
    });
    life.store.onTaken((partition, _, head) => {
      this.#law(head >= (heads[partition] as number) || !this.#strict, `L4: the head of ${partition} falls to ${head}`);
      if (head > (heads[partition] as number)) this.reached("rows unannounced");
      heads[partition] = Math.max(heads[partition] as number, head);
    });
    life.store.onAppended(({ partition, offset, count }) => {
      const head = heads[partition] as number;
      this.#law(offset <= head || !this.#strict, `L4: a row at ${offset} of partition ${partition} came when ${head} was known`);
      heads[partition] = Math.max(head, offset + count);
      this.reached("row announced");
    });
  }
}

/** One run; the marks that it reached. */
export async function logHostRun(seed: number): Promise<ReadonlyMap<string, number>> {
  const nodes = new Nodes(seed);
  await nodes.world.runUntil(scenario(nodes));
  for (const { error } of nodes.world.failures) throw error;
  nodes.check();
  return nodes.marks;
}

async function scenario(nodes: Nodes): Promise<void> {
  const { random } = nodes.world.outside;
  const upTo = (n: number): number => Math.floor(random.next() * n);
  let over = false;
  const clients = names.map(async (name) => {
    while (!over) {
      const life = nodes.lives.get(name);
      if (life && !life.busy) await nodes.work(life, upTo(partitions), 1 + upTo(6)).catch(unlessCrashed);
      await nodes.pause(upTo(100));
    }
  });
  for (const name of names) nodes.up(name);
  for (let faults = 0; faults < 10; faults++) {
    await nodes.pause(upTo(800));
    await fault(nodes, upTo);
  }
  nodes.network.heal();
  nodes.network.faults = { ...nodes.network.faults, lossChance: 0, reorderChance: 0 };
  nodes.disk.faults = noFaults;
  over = true;
  await Promise.all(clients);
  while (nodes.lives.size < names.length || !nodes.host) await nodes.pause(50);
  const healedMs = nodes.world.timeMs;
  for (const life of nodes.lives.values()) await nodes.work(life, upTo(partitions), 3);
  assert(nodes.world.timeMs - healedMs <= recoveredWithinMs, `L5: it took ${nodes.world.timeMs - healedMs} ms`);
}

/** What a crash has interrupted is nobody's any more. */
function unlessCrashed(error: unknown): void {
  if (!(error instanceof Failure)) throw error;
}

async function fault(nodes: Nodes, upTo: (n: number) => number): Promise<void> {
  const living = [...nodes.lives.values()];
  const victim = upTo(3) === 0 ? living[upTo(living.length)] : nodes.host;
  if (!victim) return;
  const kind = upTo(10);
  if (kind < 5) {
    const what = kind < 3 ? "process" : "machine";
    nodes.reached(`crash ${nodes.host === victim ? "host" : "node"} ${what}`);
    nodes.crash(victim, what);
    comeBack(nodes, victim.name, upTo);
  } else if (kind < 7) {
    if (victim.process.state !== "running") return;
    nodes.reached("pause");
    nodes.network.pause(victim.name);
    await nodes.pause(upTo(5_000));
    if (nodes.lives.get(victim.name) !== victim) return;
    if (upTo(2) === 0) return nodes.network.resume(victim.name);
    nodes.reached("killed while paused");
    nodes.crash(victim, "process");
    comeBack(nodes, victim.name, upTo);
  } else {
    const other = names.filter((name) => name !== victim.name)[upTo(2)] as string;
    nodes.reached("cut");
    nodes.network.cut(victim.name, other, upTo(2) === 0 ? "both" : "there");
    void nodes.pause(upTo(5_000)).then(() => nodes.network.heal(victim.name, other));
  }
}

/** The node is started again after a while; another one is named, if it was the host, sooner or later. */
function comeBack(nodes: Nodes, name: string, upTo: (n: number) => number): void {
  void nodes.pause(upTo(2_000)).then(() => nodes.up(name));
  void nodes.pause(upTo(300)).then(() => {
    const living = [...nodes.lives.values()];
    if (!nodes.host && living.length > 0) nodes.name(living[upTo(living.length)]);
  });
}
