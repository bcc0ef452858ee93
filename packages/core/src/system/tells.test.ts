// What handlers tell: durable once it is acknowledged, delivered once and in order, also across crashes of the teller.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, handlers, service, system, type System } from "@atoll/core";
import { failureOf, virtually, type VirtualSystem } from "../../test/virtual-system.ts";

const Box = contract("box", {
  version: 1,
  key: z.string(),
  commands: { put: { in: z.object({ n: z.int(), note: z.string().default("none") }) }, secret: {} },
  queries: { all: { out: z.object({ all: z.array(z.string()) }) } },
  access: { put: ["desk"], all: "any" },
});
const box = entity(Box, {
  state: z.object({ all: z.array(z.string()) }),
  initial: { all: [] },
  events: { Put: z.object({ n: z.int(), note: z.string(), by: z.string() }) },
  decide: { put: (_, c, turn) => turn.emit("Put", { ...c, by: turn.caller }), secret: (_, __, turn) => turn.reply() },
  evolve: { Put: (s, e) => ({ all: [...s.all, `${e.n}${e.note === "none" ? "" : e.note}`] }) },
  queries: { all: (s) => ({ all: [...s.all] }) },
});

const Desk = contract("desk", {
  version: 1,
  access: { many: "any", loose: "any", wrong: "any", pry: "any", ask: "any", quiet: "any" },
  commands: {
    many: { in: z.object({ key: z.string(), from: z.int(), to: z.int() }) },
    loose: { in: z.object({ key: z.string() }) },
    wrong: {},
    pry: {},
    quiet: {},
  },
  queries: { ask: { out: z.object({ told: z.boolean() }) } },
});
const desk = handlers(Desk, {
  handle: {
    many: async ({ key, from, to }, cx) => {
      for (let n = from; n < to; n++) await cx.tell(Box, key).put({ n });
    },
    /** It does not wait for what it tells. */
    loose: ({ key }, cx) => {
      for (let n = 0; n < 3; n++) void cx.tell(Box, key).put({ n, note: "!" });
    },
    wrong: (_, cx) => void cx.tell(Box, "").put({ n: 0.5 }),
    pry: async (_, cx) => await cx.tell(Box, "x").secret(),
    quiet: () => undefined,
    ask: async (_, cx) => {
      await cx.tell(Box, "asked").put({ n: 1 });
      return { told: true };
    },
  },
});
const boxes = service("boxes", [box], { limits: { partitions: 2 } });
const office = system("office", { services: [boxes, service("desk", [desk], { limits: { partitions: 2 } })] });

const all = async (running: VirtualSystem, key: string): Promise<string> =>
  (await running.inside(() => running.booted.at(Box, key).all())).all.join(" ");
const lag = ({ process }: VirtualSystem): number =>
  Number(/^atoll_subscription_lag_records\{.*\} (\S+)$/m.exec(process.metrics.render())?.[1] ?? Number.NaN);

async function delivered(running: VirtualSystem): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    await running.pause(20);
    if (lag(running) === 0) return;
  }
  throw new Error(running.process.metrics.render());
}

test("tell: what handlers tell one entity arrives in that order, once, in the name of their service", () =>
  virtually(office, async (running) => {
    await running.inside(() => running.booted.at(Desk).many({ key: "a", from: 0, to: 20 }));
    await running.inside(() => running.booted.at(Desk).many({ key: "b", from: 0, to: 3 }));
    await delivered(running);
    assert.equal(await all(running, "a"), Array.from({ length: 20 }, (_, n) => n).join(" "));
    assert.equal(await all(running, "b"), "0 1 2");
  }));

test("tell: what was acknowledged is told after a crash, although nobody has asked since", () =>
  virtually(office, async (running) => {
    await running.inside(() => running.booted.at(Desk).many({ key: "a", from: 0, to: 1 }));
    await delivered(running);
    await running.inside(() => running.booted.at(Desk).many({ key: "b", from: 1, to: 5 }));
    const again = await running.restart();
    await delivered(again);
    assert.deepEqual([await all(again, "a"), await all(again, "b")], ["0", "1 2 3 4"]);
  }));

test("tell: the answer of a handler leaves after everything it told is in the log, also if it does not wait for it", () =>
  virtually(office, async (running) => {
    await running.inside(() => running.booted.at(Desk).loose({ key: "a" }));
    const bodies = running.disk.rows("desk").map(({ body }) => body);
    assert.equal(bodies.join("\n").split('["Told",1,').length - 1, 3);
    const again = await running.restart();
    await delivered(again);
    assert.equal(await all(again, "a"), "0! 1! 2!");
  }));

test("tell: a handler whose tell cannot be recorded fails, and a tell that does not fit the contract is refused at once", () =>
  virtually(office, async (running) => {
    const { booted, disk } = running;
    const failure = await failureOf(running.inside(() => booted.at(Desk).wrong()));
    assert.equal(failure.code, "INVALID_INPUT");
    disk.faults = { ...disk.faults, failed: 1 };
    assert.equal((await failureOf(running.inside(() => booted.at(Desk).loose({ key: "a" })))).code, "JOURNAL_FAILED");
    disk.faults = { ...disk.faults, failed: 0 };
    await running.inside(() => booted.at(Desk).loose({ key: "b" }));
    await delivered(running);
    assert.equal(await all(running, "b"), "0! 1! 2!");
  }));

test("tell: a handler's command that is repeated under its id tells once", () =>
  virtually(office, async (running) => {
    const many = () => running.booted.at(Desk).many({ key: "a", from: 0, to: 3 }, { commandId: "same" });
    await running.inside(many);
    await running.inside(many);
    await delivered(running);
    assert.equal(await all(running, "a"), "0 1 2");
  }));

test("tell: what the receiver does not allow is parked at the teller, and a query tells too", () =>
  virtually(office, async (running) => {
    await running.inside(() => running.booted.at(Desk).pry());
    await running.inside(() => running.booted.at(Desk).ask());
    await delivered(running);
    assert.equal(await all(running, "asked"), "1");
    assert.deepEqual(
      running.disk.image("desk")?.deadLetters.map(({ contract: name, command, key, code }) => `${name}/${key}.${command} ${code}`),
      ["box/x.secret ACCESS_DENIED"],
    );
  }));

test("tell: a service whose handlers tell nothing has no log, and one that told once has it open at its next start", () =>
  virtually(office, async (running) => {
    await running.inside(() => running.booted.at(Desk).quiet());
    assert.equal(running.disk.image("desk"), undefined);
    const again = await running.restart();
    assert.ok(Number.isNaN(lag(again)));
    await again.inside(() => again.booted.at(Desk).many({ key: "a", from: 0, to: 1 }));
    const last = await again.restart();
    assert.ok(!Number.isNaN(lag(last)));
  }));

test("tell: what is told to a contract that nobody implements waits until somebody does", () => {
  const apart: System = system("office", { services: [service("desk", [desk], { limits: { partitions: 2 } })] });
  return virtually(apart, async (running) => {
    await running.inside(() => running.booted.at(Desk).many({ key: "a", from: 0, to: 3 }));
    await running.pause(5_000);
    assert.equal(lag(running), 3);
    const again = await running.restart(office);
    await delivered(again);
    assert.equal(await all(again, "a"), "0 1 2");
  });
});

test("tell: stop ends in order while there is more to tell, and the next start tells it", () => {
  const apart: System = system("office", { services: [service("desk", [desk], { limits: { partitions: 2 } })] });
  return virtually(apart, async (running) => {
    await running.inside(() => running.booted.at(Desk).many({ key: "a", from: 0, to: 3 }));
    await running.inside(() => running.booted.stop(1_000));
    const again = await running.restart(office);
    await delivered(again);
    assert.equal(await all(again, "a"), "0 1 2");
  });
});
