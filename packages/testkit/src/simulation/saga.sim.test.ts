// Money moved by sagas, under every fault: conserved, whatever happens to the process.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, entity, saga, service, system } from "@atoll/core";
import * as z from "zod";
import { simulate, type Fault, type World } from "../index.ts";

const all: readonly Fault[] = ["crash", "duplicate", "slow-disk", "failing-disk"];
const names = ["a", "b", "c"] as const;

const Move = z.object({ id: z.string(), cents: z.int().positive() });
const Purse = contract("purse", {
  version: 1,
  key: z.string(),
  access: { put: "any", draw: "any", unput: "any", undraw: "any", cents: "any" },
  commands: {
    put: { in: Move },
    draw: { in: Move, rejects: { TooLittle: z.object({ cents: z.int() }) } },
    /** They take back a move, or nothing, if there was none. */
    unput: { in: z.object({ id: z.string() }) },
    undraw: { in: z.object({ id: z.string() }) },
  },
  queries: { cents: { out: z.int() } },
});

const purse = entity(Purse, {
  state: z.object({ cents: z.int(), moves: z.record(z.string(), z.int()) }),
  initial: { cents: 0, moves: {} },
  events: { Moved: z.object({ id: z.string(), cents: z.int() }), Undone: z.object({ id: z.string() }) },
  decide: {
    put: (_, { id, cents }, turn) => turn.emit("Moved", { id: `put ${id}`, cents }),
    draw: (s, { id, cents }, turn) =>
      s.cents < cents ? turn.reject("TooLittle", { cents: s.cents }) : turn.emit("Moved", { id: `draw ${id}`, cents: -cents }),
    unput: (s, { id }, turn) => (Object.hasOwn(s.moves, `put ${id}`) ? turn.emit("Undone", { id: `put ${id}` }) : turn.reply()),
    undraw: (s, { id }, turn) => (Object.hasOwn(s.moves, `draw ${id}`) ? turn.emit("Undone", { id: `draw ${id}` }) : turn.reply()),
  },
  evolve: {
    Moved: (s, { id, cents }) => ({ cents: s.cents + cents, moves: { ...s.moves, [id]: cents } }),
    Undone: (s, { id }) => {
      const { [id]: cents = 0, ...moves } = s.moves;
      return { cents: s.cents - cents, moves };
    },
  },
  queries: { cents: (s) => s.cents },
});

const Transfer = contract("transfer", {
  version: 1,
  key: z.string(),
  access: { begin: "any", stop: "any" },
  commands: {
    begin: {
      in: z.object({ from: z.string(), to: z.string(), cents: z.int().positive(), over: z.int().optional() }),
      rejects: { TooLittle: z.object({ cents: z.int() }), TooMuch: z.object({}), Stopped: z.object({}) },
    },
    stop: {},
  },
});

const transfer = saga(Transfer.begin, 1, async (run, { from, to, cents, over }) => {
  const id = run.key;
  run.on(Transfer.stop, () => run.reject("Stopped", {}));
  await run.step("take", (at) => at(Purse, from).draw({ id, cents }), { undo: (at) => at(Purse, from).undraw({ id }) });
  if (over !== undefined) await run.sleep("over night", `${over}ms`);
  await run.step("give", (at) => at(Purse, to).put({ id, cents }), { undo: (at) => at(Purse, to).unput({ id }) });
  if (cents > 90) run.reject("TooMuch", {}); // so late that both are undone
});

const limits = { partitions: 3, entities: { residentsMax: 4, snapshotEvery: 4 } };
const transfers = system("transfers", { services: [service("purses", [purse], { limits }), service("desk", [transfer], { limits })] });

test("simulate: transfers by saga conserve the money under all faults, and each ends done or undone", async () => {
  await simulate(transfers, { seeds: 60, faults: all }, async (world: World) => {
    const pick = (): string => names[Math.floor(world.random() * names.length)] as string;
    for (const name of names) await world.at(Purse, name).put({ id: "first", cents: 200 });
    const begun = Array.from({ length: 8 }, async (_, i) => {
      const over = world.random() < 0.4 ? { over: Math.floor(world.random() * 2_000) + 1 } : {};
      const order = { from: pick(), to: pick(), cents: 1 + Math.floor(world.random() * 120), ...over };
      const at = world.at(Transfer, `t${i}`);
      const [answer] = await Promise.all([
        at.begin(order, { within: "5m" }),
        // A stop may come too early or too late: then it is refused, and that is all.
        i % 3 === 0 ? world.pause("30ms").then(() => at.stop().catch(() => undefined)) : undefined,
      ]);
      assert.deepEqual(await at.begin(order), answer);
    });
    await Promise.all(begun);
    await world.settle();
    let sum = 0;
    for (const name of names) sum += await world.at(Purse, name).cents();
    assert.equal(sum, names.length * 200);
  });
});
