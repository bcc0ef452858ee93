// A ledger, a door to it and an audit of it, each on a node of its own, and a client: real code over a network and disks with faults, nodes that
// crash and come back. Laws at rest:
//
//  K1  kept       What the client was told is done is in the ledger.
//  K2  once       Nothing is in the ledger twice.
//  K3  honest     What the client was told is not delivered is not in the ledger.
//  K4  read once  The audit has heard of each entry of the ledger once, in the order of its account.
//  K5  ended      Every request has ended, within its deadline and what a wheel of deadlines adds.
//  K6  in a row   What the client was told of each account is what one does that takes one operation after the other: entries and reads.
import assert from "node:assert/strict";
import * as z from "zod";
import { contract, entity, handlers, service, subscription, system, Failure } from "@atoll/core";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { type Directory, ring } from "@atoll/core/ring";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { type NodeIdentity, ticketFor } from "@atoll/core/transport";
import { SimulatedNetwork } from "@atoll/core/transport/simulated";
import { DirectoryWatchers } from "./directory-watchers.ts";
import { assertLinearizable, History, type Sequential } from "@atoll/testkit";

const Ledger = contract("ledger", {
  version: 1,
  key: z.string(),
  commands: { enter: { in: z.object({ id: z.string() }), out: z.object({ n: z.int() }) } },
  queries: { entries: { out: z.object({ ids: z.array(z.string()) }) } },
  topics: { entered: z.object({ account: z.string(), id: z.string() }) },
  access: { enter: "any", entries: "any", entered: ["audit"] },
});
const ledger = entity(Ledger, {
  state: z.object({ ids: z.array(z.string()) }),
  initial: { ids: [] },
  events: { Entered: z.object({ id: z.string() }) },
  decide: { enter: (_, { id }, turn) => turn.emit("Entered", { id }).reply((after) => ({ n: after.ids.length })) },
  evolve: { Entered: (s, { id }) => ({ ids: [...s.ids, id] }) },
  queries: { entries: (s) => s },
  publish: { entered: { Entered: ({ id }, _, at) => ({ account: at.key, id }) } },
});
const Door = contract("door", {
  version: 1,
  commands: { put: { in: z.object({ account: z.string(), id: z.string() }) } },
  access: { put: "any" },
});
const door = handlers(Door, {
  handle: {
    put: async ({ account, id }, cx) => {
      await cx.at(Ledger, account).enter({ id });
    },
  },
});
const Audit = contract("audit", {
  version: 1,
  key: z.string(),
  commands: { hear: { in: z.object({ id: z.string() }) } },
  queries: { heard: { out: z.object({ ids: z.array(z.string()) }) } },
  access: { heard: "any" },
});
const audit = entity(Audit, {
  state: z.object({ ids: z.array(z.string()) }),
  initial: { ids: [] },
  events: { Heard: z.object({ id: z.string() }) },
  decide: { hear: (_, { id }, turn) => turn.emit("Heard", { id }) },
  evolve: { Heard: (s, { id }) => ({ ids: [...s.ids, id] }) },
  queries: { heard: (s) => s },
});
const ledgers = system("ledgers", {
  services: [
    service("ledger", [ledger]),
    service("door", [door]),
    service("audit", [audit, subscription("entries", Ledger.entered, (m, tell) => tell(Audit, m.account).hear({ id: m.id }))]),
  ],
});

type Asked = { readonly enter: string; readonly by: "door" | "client" } | "entries";
/**
 * An account, one operation after the other; its state is how many entries it has. Nothing is ever taken out, so what is there at last says
 * which entry comes next: no other order has to be tried. The door does not say how many there are.
 */
const accountOf = (last: readonly string[]): Sequential<number, Asked, unknown> => ({
  initial: 0,
  apply: (n, asked) => {
    if (asked === "entries") return { state: n, output: last.slice(0, n) };
    if (last[n] !== asked.enter) return { state: n, output: "not the next one" };
    return { state: n + 1, output: asked.by === "door" ? "entered" : n + 1 };
  },
});

const services = ["ledger", "door", "audit"] as const;
const accounts = ["a", "b", "c", "d"] as const;
const requests = 60;
const reads = 40;
const withinMs = 5_000;

interface Life {
  readonly process: VirtualProcess;
  readonly journals: SimulatedJournalStore;
  readonly booted: Promise<Booted>;
}

class Nodes {
  readonly world: VirtualWorld;
  readonly network: SimulatedNetwork;
  readonly marks = new Map<string, number>();
  readonly #disk: SimulatedDisk;
  readonly #lives = new Map<string, Life>();
  readonly #places = new Map<string, { readonly identity: NodeIdentity; readonly secret: string }>();
  readonly #watchers: DirectoryWatchers;
  #started = 0;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed });
    this.#watchers = new DirectoryWatchers(this.world);
    this.network = new SimulatedNetwork(this.world, { lossChance: 0.001, duplicateChance: 0.01, reorderChance: 0.001 });
    this.#disk = new SimulatedDisk(this.world.outside);
  }

  reached(mark: string): void {
    this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
  }

  async up(name: string): Promise<Booted> {
    this.#started += 1;
    const identity = { node: `${name}-1`, service: name, incarnation: String(this.#started).padStart(32, "0") };
    const secret = `secret of ${identity.incarnation}`;
    const process = this.world.process(name);
    const journals = new SimulatedJournalStore(this.#disk, process, { process: name });
    const joined = ring({
      transport: this.network.transport(process, { system: ledgers.name, self: identity }),
      directory: this.#directoryOf(identity, process),
      at: identity.incarnation,
      secret,
    });
    const booted = process.enter(this.world.outside, () => boot(ledgers, { runtime: process, journals, config: {}, ring: joined }));
    this.#lives.set(name, { process, journals, booted });
    booted.catch(() => undefined); // it died while it started
    const running = await booted;
    this.#places.set(name, { identity, secret });
    this.#watchers.tell();
    return running;
  }

  crash(name: string, what: "process" | "machine"): void {
    const life = this.#lives.get(name);
    assert(life);
    this.network.crash(`${name}-1`, what);
    life.journals.crash();
    this.#lives.delete(name);
    this.#places.delete(name);
    this.#watchers.tell();
  }

  isUp(name: string): boolean {
    return this.#places.has(name);
  }

  inside<T>(name: string, act: () => Promise<T>): Promise<T> {
    return (this.#lives.get(name) as Life).process.enter(this.world.outside, act);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  #directoryOf(self: NodeIdentity, process: VirtualProcess): Directory {
    return {
      nodes: (name) => {
        const place = this.#places.get(name);
        if (!place) return [];
        return [{ identity: place.identity, at: place.identity.incarnation, ticket: ticketFor(place.secret, ledgers.name, self) }];
      },
      lost: () => undefined,
      plan: () => undefined,
      watch: (changed) => this.#watchers.add(process, changed),
    };
  }
}

/** One run; the marks that it reached. */
export async function nodesRun(seed: number): Promise<ReadonlyMap<string, number>> {
  const nodes = new Nodes(seed);
  await nodes.world.runUntil(scenario(nodes));
  for (const { error } of nodes.world.failures) throw error;
  return nodes.marks;
}

async function scenario(nodes: Nodes): Promise<void> {
  const { random } = nodes.world.outside;
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)] as T;
  const client = await nodes.up("client");
  await Promise.all(services.map((name) => nodes.up(name)));
  const outcomes = new Map<string, { readonly account: string; readonly outcome: "done" | "not-delivered" | "unknown" }>();
  const history = new History<Asked, unknown>();
  const look = async (): Promise<void> => {
    await nodes.pause(Math.floor(random.next() * 6_000));
    const of = pick(accounts);
    const called = history.call(of, "entries");
    try {
      const { ids } = await nodes.inside("client", async () => client.at(Ledger, of).entries({ within: `${withinMs}ms` }));
      called.returned(ids);
      nodes.reached("read");
    } catch (error) {
      assert(error instanceof Failure, String(error));
      called.refused(); // it changes nothing
    }
  };
  const ask = async (n: number): Promise<void> => {
    await nodes.pause(Math.floor(random.next() * 4_000));
    const [of, id] = [pick(accounts), `id-${n}`];
    const by = n % 2 === 0 ? "door" : "client";
    const called = history.call(of, { enter: id, by });
    const startedMs = nodes.world.outside.clock.monotonic();
    try {
      const output = await nodes.inside("client", async () => {
        if (by === "door") await client.at(Door).put({ account: of, id }, { within: `${withinMs}ms` });
        else return (await client.at(Ledger, of).enter({ id }, { within: `${withinMs}ms` })).n;
        return "entered";
      });
      called.returned(output);
      outcomes.set(id, { account: of, outcome: "done" });
    } catch (error) {
      assert(error instanceof Failure, String(error));
      if (error.outcome === "not-delivered") called.refused();
      outcomes.set(id, { account: of, outcome: error.outcome });
      nodes.reached(`${error.outcome} ${error.code}`);
    }
    assert(nodes.world.outside.clock.monotonic() - startedMs <= withinMs + 100, "K5: it has ended in time");
  };
  const asking = Promise.all([...Array.from({ length: requests }, (_, n) => ask(n)), ...Array.from({ length: reads }, look)]);
  for (let faults = 0; faults < 8; faults++) {
    await nodes.pause(Math.floor(random.next() * 600));
    const victim = pick(services);
    if (random.next() < 0.6) {
      if (!nodes.isUp(victim)) continue;
      const what = random.next() < 0.5 ? "process" : "machine";
      nodes.crash(victim, what);
      nodes.reached(`crash ${what}`);
      void nodes.pause(Math.floor(random.next() * 300)).then(() => nodes.up(victim));
    } else {
      const other = pick([...services, "client"].filter((name) => name !== victim));
      const direction = random.next() < 0.5 ? "both" : "there";
      nodes.network.cut(`${victim}-1`, `${other}-1`, direction);
      nodes.reached(`cut ${direction}`);
      void nodes.pause(Math.floor(random.next() * 4_500)).then(() => nodes.network.heal(`${victim}-1`, `${other}-1`));
    }
  }
  await asking;
  nodes.network.heal();
  nodes.network.faults = { ...nodes.network.faults, lossChance: 0, reorderChance: 0 };
  while (!services.every((name) => nodes.isUp(name))) await nodes.pause(50);
  await nodes.pause(30_000);
  for (const name of accounts) {
    const last = history.call(name, "entries");
    const { ids } = await nodes.inside("client", async () => client.at(Ledger, name).entries());
    last.returned(ids);
    const ofAccount = history.operations.filter(({ key }) => key === name);
    assertLinearizable(ofAccount, accountOf(ids)); // K6
    const { ids: heard } = await nodes.inside("client", async () => client.at(Audit, name).heard());
    assert.equal(new Set(ids).size, ids.length, "K2: nothing is in the ledger twice");
    assert.deepEqual([...heard], [...ids], "K4: the audit has heard of each entry once, in order");
    for (const [id, { account: of, outcome }] of outcomes) {
      if (of !== name) continue;
      if (outcome === "done") assert(ids.includes(id), `K1: ${id} was acknowledged`);
      if (outcome === "not-delivered") assert(!ids.includes(id), `K3: ${id} was not delivered`);
      if (outcome === "unknown") nodes.reached(ids.includes(id) ? "unknown and done" : "unknown and not done");
      if (outcome === "done") nodes.reached("done");
    }
  }
}
