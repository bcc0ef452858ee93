// Gauges that know nothing but who they are, on nodes that crash, stop, are cut off, leave and come back, and two who ask all of them: a client,
// and one of the gauges. Real code over a network with faults, and a directory that hears of deaths late. The laws of broadcast.ts, as those
// see them who know what every node has done:
//
//  E1  whole    The entries are those whom the directory named, by name, each once; of the own service the own one as well.
//  E2  honest   An answer is of the named process itself, which took a command once; "not delivered" means that it never took a command; no command
//               is taken twice, no outcome of a query is unknown, and nothing is taken by a process that was not named.
//  E3  in time  It has ended within its deadline and what a wheel of deadlines adds.
import assert from "node:assert/strict";
import * as z from "zod";
import { contract, type EachAnswer, handlers, service, system, type System } from "@atoll/core";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { type Directory, ring } from "@atoll/core/ring";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { type NodeIdentity, ticketFor } from "@atoll/core/transport";
import { SimulatedNetwork } from "@atoll/core/transport/simulated";
import { DirectoryWatchers } from "./directory-watchers.ts";

const Asked = z.object({ id: z.string(), forMs: z.int() });
const By = z.object({ by: z.string() });
const Gauge = contract("gauge", {
  version: 1,
  commands: { mark: { in: Asked, out: By } },
  queries: { look: { in: Asked, out: By } },
  access: { mark: "any", look: "any" },
});

const mortals = ["gauges-2", "gauges-3", "gauges-4"] as const;
const steady = "gauges-1";
const callers = ["client-1", "client-1", steady] as const;
const broadcasts = 60;
const faults = 12;

interface Life {
  readonly identity: NodeIdentity;
  readonly secret: string;
  readonly process: VirtualProcess;
  booted: Booted | undefined;
}

/** What was asked, and what was said of it. */
interface Broadcast {
  readonly id: string;
  readonly kind: "mark" | "look";
  /** Incarnations whom the directory named when it was made, by node. */
  readonly named: ReadonlyMap<string, string>;
  readonly each: readonly EachAnswer<{ readonly by: string }>[];
}

class Gauges {
  readonly world: VirtualWorld;
  readonly network: SimulatedNetwork;
  readonly marks = new Map<string, number>();
  /** Which processes have begun what was asked, by its id. */
  readonly taken = new Map<string, string[]>();
  readonly #system: System;
  readonly #disk: SimulatedDisk;
  readonly #lives = new Map<string, Life>();
  readonly #named = new Map<string, Life>();
  readonly #watchers: DirectoryWatchers;
  #started = 0;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed });
    this.#watchers = new DirectoryWatchers(this.world);
    this.network = new SimulatedNetwork(this.world, { lossChance: 0.002, duplicateChance: 0.01, reorderChance: 0.002 });
    this.#disk = new SimulatedDisk(this.world.outside);
    const take = async ({ id, forMs }: z.infer<typeof Asked>, by: string): Promise<{ by: string }> => {
      this.taken.set(id, [...(this.taken.get(id) ?? []), by]);
      if (forMs > 0) await this.pause(forMs);
      return { by };
    };
    const gauge = handlers(Gauge, {
      config: { INCARNATION: z.string() },
      handle: { mark: (asked, cx) => take(asked, cx.config.INCARNATION), look: (asked, cx) => take(asked, cx.config.INCARNATION) },
    });
    this.#system = system("works", { services: [service("gauges", [gauge])] });
  }

  reached(mark: string): void {
    this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
  }

  async up(node: string): Promise<void> {
    this.#started += 1;
    const incarnation = String(this.#started).padStart(32, "0");
    const identity = { node, service: node.replace(/-\d$/, ""), incarnation };
    const process = this.world.process(node);
    const life: Life = { identity, secret: `secret of ${incarnation}`, process, booted: undefined };
    this.#lives.set(node, life);
    const joined = ring({
      transport: this.network.transport(process, { system: "works", self: identity }),
      directory: this.#directoryOf(identity, process),
      at: incarnation,
      secret: life.secret,
      report: () => undefined,
    });
    const journals = new SimulatedJournalStore(this.#disk, process, { process: node });
    const platform = { runtime: process, journals, config: { INCARNATION: incarnation }, ring: joined };
    life.booted = await process.enter(this.world.outside, () => boot(this.#system, platform));
    this.#name(life);
  }

  /** Whoever asks hears of it later. */
  async crash(node: string, what: "process" | "machine", noticedMs: number, awayMs: number): Promise<void> {
    const life = this.#lives.get(node);
    if (life?.process.state !== "running" || !life.booted) return;
    this.network.crash(node, what);
    this.reached(`crash ${what}`);
    void this.pause(noticedMs).then(() => this.#unname(life));
    await this.pause(awayMs);
    await this.up(node);
  }

  /** Like SIGSTOP and SIGCONT. */
  async stop(node: string, forMs: number, silentMs: number): Promise<void> {
    const life = this.#lives.get(node);
    if (life?.process.state !== "running" || this.#named.get(node) !== life) return;
    this.network.pause(node);
    this.reached("stop");
    const silent = silentMs < forMs;
    if (silent) void this.pause(silentMs).then(() => this.#unname(life));
    await this.pause(forMs);
    if ((life.process.state as VirtualProcess["state"]) === "paused") this.network.resume(node);
    if (silent && this.#lives.get(node) === life) this.#name(life);
  }

  /** It is told to stop when nobody finds it any more; what comes to it then goes back. */
  async leave(node: string, awayMs: number): Promise<void> {
    const life = this.#lives.get(node);
    if (life?.process.state !== "running" || this.#named.get(node) !== life) return;
    this.#lives.delete(node); // nothing else happens to it
    this.reached("leave");
    const stopped = life.process.enter(this.world.outside, () => life.booted?.stop(500) ?? Promise.resolve());
    await this.pause(awayMs);
    this.#unname(life);
    await stopped;
    this.network.crash(node, "process");
    await this.up(node);
  }

  isNamed(node: string): boolean {
    return this.#named.has(node);
  }

  /** The incarnation that has the name now. */
  incarnationOf(node: string): string | undefined {
    return this.#lives.get(node)?.identity.incarnation;
  }

  ask(caller: string, id: string, withinMs: number, forMs: number, kind: Broadcast["kind"]): Promise<Broadcast> {
    const { process, booted } = this.#lives.get(caller) as Life;
    return process.enter(this.world.outside, async () => {
      const named = new Map(
        [...this.#named].filter(([node]) => node !== "client-1").map(([node, life]) => [node, life.identity.incarnation]),
      );
      assert(booted);
      const each = await booted.every(Gauge)[kind]({ id, forMs }, { within: `${withinMs}ms` });
      return { id, kind, named, each };
    });
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  #name(life: Life): void {
    this.#named.set(life.identity.node, life);
    this.#watchers.tell();
  }

  #unname(life: Life): void {
    if (this.#named.get(life.identity.node) !== life) return;
    this.#named.delete(life.identity.node);
    this.#watchers.tell();
  }

  #directoryOf(self: NodeIdentity, process: VirtualProcess): Directory {
    return {
      nodes: (name) =>
        [...this.#named.values()]
          .filter(({ identity: { service: of, incarnation } }) => of === name && incarnation !== self.incarnation)
          .map(({ identity, secret }) => ({ identity, at: identity.incarnation, ticket: ticketFor(secret, "works", self) })),
      lost: () => undefined,
      plan: () => undefined,
      watch: (changed) => this.#watchers.add(process, changed),
    };
  }
}

/** One run; the marks that it reached. */
export async function everyRun(seed: number): Promise<ReadonlyMap<string, number>> {
  const gauges = new Gauges(seed);
  await gauges.world.runUntil(scenario(gauges));
  for (const { error } of gauges.world.failures) throw error;
  return gauges.marks;
}

async function scenario(gauges: Gauges): Promise<void> {
  const { random, clock } = gauges.world.outside;
  const upTo = (most: number): number => Math.floor(random.next() * most);
  const pick = <T>(of: readonly T[]): T => of[upTo(of.length)] as T;
  await gauges.up("client-1");
  await gauges.up(steady);
  const ups = mortals.map((node) => gauges.up(node));
  await Promise.all(ups.slice(1)); // one of them may still be starting when the first is asked
  const ask = async (n: number): Promise<Broadcast> => {
    await gauges.pause(upTo(5_000));
    const withinMs = 200 + upTo(2_500);
    const forMs = random.next() < 0.5 ? 0 : upTo(500);
    const startMs = clock.monotonic();
    const broadcast = await gauges.ask(pick(callers), `id-${n}`, withinMs, forMs, n % 2 === 0 ? "mark" : "look");
    assert(clock.monotonic() - startMs <= withinMs + 100, "E3: it has ended in time");
    return broadcast;
  };
  const asking = Promise.all(Array.from({ length: broadcasts }, (_, n) => ask(n)));
  const over: Promise<void>[] = [];
  for (let fault = 0; fault < faults; fault++) {
    await gauges.pause(upTo(600));
    const victim = pick(mortals);
    const kind = random.next();
    if (kind < 0.35) over.push(gauges.crash(victim, pick(["process", "machine"]), upTo(1_500), 50 + upTo(1_000)));
    else if (kind < 0.6) over.push(gauges.stop(victim, upTo(4_000), upTo(6_000)));
    else if (kind < 0.75) over.push(gauges.leave(victim, upTo(300)));
    else {
      const [caller, direction] = [pick(callers), pick(["both", "there"] as const)];
      gauges.network.cut(caller, victim, direction);
      gauges.reached(`cut ${direction}`);
      over.push(gauges.pause(upTo(4_500)).then(() => gauges.network.heal(caller, victim)));
    }
  }
  const all = await asking;
  await Promise.all([...over, ...ups]);
  await gauges.pause(5_000);
  for (const broadcast of all) check(gauges, broadcast);
  // Nothing is the matter any more: all of them answer.
  gauges.network.heal();
  gauges.network.faults = { ...gauges.network.faults, lossChance: 0, reorderChance: 0 };
  assert([steady, ...mortals].every((node) => gauges.isNamed(node)));
  await gauges.pause(10_000);
  const last = await gauges.ask("client-1", "last", 10_000, 0, "mark");
  check(gauges, last);
  for (const { node, failure } of last.each) assert.equal(failure, undefined, `${node}: ${failure?.message}`);
}

function check(gauges: Gauges, { id, kind, named, each }: Broadcast): void {
  const taken = gauges.taken.get(id) ?? [];
  const nodes = each.map(({ node }) => node).toSorted();
  assert.deepEqual(nodes, [...named.keys()].toSorted(), `E1: ${id} has an entry for each that was named`);
  for (const by of taken) assert([...named.values()].includes(by), `E2: ${id} was taken by ${by}, which was not named`);
  for (const entry of each) {
    const incarnation = named.get(entry.node) as string;
    const times = taken.filter((by) => by === incarnation).length;
    if (kind === "mark") assert(times <= 1, `E2: ${entry.node} took ${id} ${times} times`);
    else if (times > 1) gauges.reached("query again");
    if (!entry.failure) {
      assert.equal(entry.answer.by, incarnation, `E2: the answer to ${id} is of the one that was named`);
      assert(times > 0);
      gauges.reached("answered");
      continue;
    }
    gauges.reached(`${kind} ${entry.failure.code}`);
    if (kind === "look") assert.notEqual(entry.failure.code, "UNKNOWN_OUTCOME", `E2: ${id} changes nothing, whatever became of it`);
    else if (entry.failure.outcome === "unknown") gauges.reached(times > 0 ? "unknown and taken" : "unknown and not taken");
    else assert.equal(times, 0, `E2: ${entry.node} took ${id}, which is said not to be delivered`);
    if (entry.failure.code === "UNAVAILABLE" && gauges.incarnationOf(entry.node) !== incarnation) gauges.reached("replaced");
  }
}
