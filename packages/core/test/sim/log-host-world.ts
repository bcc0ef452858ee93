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
import { answerWithin, type Journal, type PartitionState, type Row } from "@atoll/core/journal";
import { checkLog, type FaultRates, noFaults, placedRecords } from "@atoll/core/journal/simulated";
import type { VirtualProcess } from "@atoll/core/runtime/virtual";
import { CarefulClient, type Verdict } from "../../src/journal/tck/careful-client.ts";
import { type Node, NodesUnderTest, service } from "../../src/system/log-host/nodes-under-test.ts";

const partitions = 4;
const names = ["ledger-1", "ledger-2", "ledger-3"] as const;
/** After each append, over some 60 ms. */
const confirmations = 8;
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
  readonly node: Node;
  readonly client: CarefulClient;
  hosting: boolean;
  busy: boolean;
}

class Shared {
  readonly nodes: NodesUnderTest;
  readonly marks = new Map<string, number>();
  readonly lives = new Map<string, Life>();
  /** By partition: the highest epoch that somebody was told of. */
  readonly #told = new Array<number>(partitions).fill(0);
  readonly #verdicts: CarefulClient["verdicts"][] = [];
  readonly #strict: boolean;
  /** Noted, and not thrown: what a listener throws would be taken for an error of the journal. */
  readonly #broken: string[] = [];
  #hosts = 0;
  #records = 0;

  constructor(seed: number) {
    this.nodes = new NodesUnderTest(
      { seed, stepsMax: 4_000_000 },
      { delayMs: [0, 20], lossChance: 0.001, duplicateChance: 0.01, reorderChance: 0.001 },
    );
    this.#strict = seed % 2 === 0;
    if (!this.#strict) this.nodes.disk.faults = diskFaults;
  }

  reached(mark: string): void {
    this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
  }

  /** Starts a process of the node, and its client. */
  up(name: string): void {
    const node = this.nodes.up(name);
    const opened = this.nodes.inside(node.process, async () => {
      await node.listening;
      return node.store.open(service, partitions);
    });
    const client = new CarefulClient(this.#patient(node.process, opened));
    this.#verdicts.push(client.verdicts);
    const life: Life = { node, client, hosting: false, busy: false };
    this.lives.set(name, life);
    this.#listen(life);
    if (!this.nodes.host) this.nodes.name(node);
  }

  crash(node: Node, what: "process" | "machine"): void {
    (this.lives.get(node.name) as Life).hosting = false;
    this.lives.delete(node.name);
    this.nodes.crash(node, what);
  }

  /** The client of a node owns a partition and appends to it. */
  async work(life: Life, partition: number, appends: number): Promise<void> {
    life.busy = true;
    try {
      await this.nodes.inside(life.node.process, async () => {
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
    const log = placedRecords(this.nodes.disk.rows(service));
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
          if (operation === "takeOver") this.#tell(args[0] as number, value as { readonly epoch: number });
          if (operation === "partitions") for (const [p, state] of (value as readonly PartitionState[]).entries()) this.#tell(p, state);
          if (operation === "append")
            for (const { partition, epoch } of args[0] as readonly Row[]) this.#confirm(process, journal, partition, epoch);
          return value;
        };
      },
    });
    return patient;
  }

  #tell(partition: number, { epoch }: { readonly epoch: number }): void {
    this.#told[partition] = Math.max(this.#told[partition] as number, epoch);
  }

  /** Asked again and again, whether answered or not: answers must not be those of earlier questions. */
  #confirm(process: VirtualProcess, journal: Journal, partition: number, epoch: number): void {
    const ask = async (): Promise<void> => {
      const told = this.#told[partition] as number;
      assert(journal.confirm);
      try {
        const current = await journal.confirm(partition, epoch);
        this.#law(!(current && epoch < told), `L3: epoch ${epoch} of partition ${partition} was confirmed after ${told} was told`);
        this.reached(current ? "confirmed" : "not current");
      } catch {
        this.reached("not confirmed");
      }
    };
    for (let i = 0; i < confirmations; i++) process.timers.after(i * i, () => void ask());
  }

  #listen(life: Life): void {
    const heads: number[] = [];
    life.node.store.onHosting(({ heads: found }) => {
      for (const other of this.lives.values()) this.#law(!other.hosting, "L2: one process has the log open");
      life.hosting = true;
      heads.push(...found);
      this.#hosts += 1;
      this.reached(this.#hosts === 1 ? "first host" : "next host");
    });
    life.node.store.onTaken((partition, _, head) => {
      this.#law(head >= (heads[partition] as number) || !this.#strict, `L4: the head of ${partition} falls to ${head}`);
      if (head > (heads[partition] as number)) this.reached("rows unannounced");
      heads[partition] = Math.max(heads[partition] as number, head);
    });
    life.node.store.onAppended(({ partition, offset, count }) => {
      const head = heads[partition] as number;
      this.#law(offset <= head || !this.#strict, `L4: a row at ${offset} of partition ${partition} came when ${head} was known`);
      heads[partition] = Math.max(head, offset + count);
      this.reached("row announced");
    });
  }
}

/** One run; the marks that it reached. */
export async function logHostRun(seed: number): Promise<ReadonlyMap<string, number>> {
  const shared = new Shared(seed);
  const { world } = shared.nodes;
  await world.runUntil(scenario(shared));
  for (const { error } of world.failures) throw error;
  shared.check();
  return shared.marks;
}

async function scenario(shared: Shared): Promise<void> {
  const { nodes } = shared;
  const { random } = nodes.world.outside;
  const upTo = (n: number): number => Math.floor(random.next() * n);
  const course = { over: false };
  const clients = names.map(async (name) => {
    while (!course.over) {
      const life = shared.lives.get(name);
      if (life && !life.busy) await shared.work(life, upTo(partitions), 1 + upTo(6)).catch(unlessCrashed);
      await nodes.pause(upTo(100));
    }
  });
  for (const name of names) shared.up(name);
  for (let faults = 0; faults < 10; faults++) {
    await nodes.pause(upTo(800));
    await fault(shared, upTo);
  }
  nodes.network.heal();
  nodes.network.faults = { ...nodes.network.faults, lossChance: 0, reorderChance: 0 };
  nodes.disk.faults = noFaults;
  course.over = true;
  await Promise.all(clients);
  while (nodes.lives.size < names.length || !nodes.host) await nodes.pause(50);
  const healedMs = nodes.world.timeMs;
  for (const life of shared.lives.values()) await shared.work(life, upTo(partitions), 3);
  assert(nodes.world.timeMs - healedMs <= recoveredWithinMs, `L5: it took ${nodes.world.timeMs - healedMs} ms`);
}

/** What a crash has interrupted is nobody's any more. */
function unlessCrashed(error: unknown): void {
  if (!(error instanceof Failure)) throw error;
}

async function fault(shared: Shared, upTo: (n: number) => number): Promise<void> {
  const { nodes } = shared;
  const living = [...nodes.lives.values()];
  const victim = upTo(3) === 0 ? living[upTo(living.length)] : nodes.host;
  if (!victim) return;
  const kind = upTo(10);
  if (kind < 5) {
    const what = kind < 3 ? "process" : "machine";
    shared.reached(`crash ${nodes.host === victim ? "host" : "node"} ${what}`);
    shared.crash(victim, what);
    comeBack(shared, victim.name, upTo);
  } else if (kind < 7) {
    if (victim.process.state !== "running") return;
    shared.reached("pause");
    nodes.network.pause(victim.name);
    await nodes.pause(upTo(5_000));
    if (nodes.lives.get(victim.name) !== victim) return;
    if (upTo(2) === 0) return nodes.network.resume(victim.name);
    shared.reached("killed while paused");
    shared.crash(victim, "process");
    comeBack(shared, victim.name, upTo);
  } else {
    const other = names.filter((name) => name !== victim.name)[upTo(2)] as string;
    shared.reached("cut");
    nodes.network.cut(victim.name, other, upTo(2) === 0 ? "both" : "there");
    void nodes.pause(upTo(5_000)).then(() => nodes.network.heal(victim.name, other));
  }
}

/** The node is started again after a while; another one is named, if it was the host, sooner or later. */
function comeBack(shared: Shared, name: string, upTo: (n: number) => number): void {
  const { nodes } = shared;
  const start = async (): Promise<void> => {
    await nodes.pause(upTo(2_000));
    shared.up(name);
  };
  const nameNext = async (): Promise<void> => {
    await nodes.pause(upTo(300));
    const living = [...nodes.lives.values()];
    if (!nodes.host && living.length > 0) nodes.name(living[upTo(living.length)]);
  };
  void start();
  void nameNext();
}
