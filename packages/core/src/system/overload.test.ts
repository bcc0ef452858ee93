// A service that is asked more than it can carry out.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, Failure, handlers, service, system } from "@atoll/core";
import { virtually, type VirtualSystem } from "../../test/virtual-system.ts";

const Press = contract("press", {
  version: 1,
  commands: { print: { in: z.object({ ms: z.int() }) } },
  access: { print: "any" },
});
const pressing = (running: { now?: VirtualSystem }) =>
  system("pressing", {
    services: [
      service("press", [handlers(Press, { handle: { print: ({ ms }) => running.now?.pause(ms) } })], {
        limits: { handlers: { concurrency: 4 } },
      }),
    ],
  });

interface Ended {
  readonly code: string;
  readonly atMs: number;
  readonly tookMs: number;
}

test("handlers: asked ten times what they can carry out, they go on carrying out as much as they can, each in time, and refuse the rest at once", async () => {
  const at: { now?: VirtualSystem } = {};
  await virtually(pressing(at), async (running) => {
    at.now = running;
    const { clock } = running.world.outside;
    const ended: Ended[] = [];
    const startMs = clock.monotonic();
    const ask = async (): Promise<void> => {
      const askedMs = clock.monotonic();
      const code = await running
        .inside(() => running.booted.at(Press).print({ ms: 100 }))
        .then(
          () => "reply",
          (error: unknown) => (error instanceof Failure ? error.code : String(error)),
        );
      ended.push({ code, atMs: clock.monotonic() - startMs, tookMs: clock.monotonic() - askedMs });
    };
    const asked: Promise<void>[] = [];
    for (let i = 0; i < 40 * 400; i++) {
      if (i % 4 === 0) await running.pause(10);
      asked.push(ask());
    }
    await Promise.all(asked);
    for (let fromMs = 0; fromMs < 40_000; fromMs += 5_000) {
      const served = ended.filter(({ code, atMs }) => code === "reply" && atMs >= fromMs && atMs < fromMs + 5_000);
      assert(served.length >= 190, `${served.length} of 200 between ${fromMs} and ${fromMs + 5_000} ms`);
    }
    assert.deepEqual([...new Set(ended.map(({ code }) => code))].sort(), ["OVERLOADED", "reply"]);
    assert(ended.every(({ code, tookMs }) => tookMs <= (code === "reply" ? 10_000 : 1)));
  });
});

test("handlers: what has more time may wait for longer, and what is refused is taken again once fewer wait", async () => {
  const at: { now?: VirtualSystem } = {};
  await virtually(pressing(at), async (running) => {
    at.now = running;
    const codeOf = (within: "2s" | "1m"): Promise<string> =>
      running
        .inside(() => running.booted.at(Press).print({ ms: 100 }, { within }))
        .then(
          () => "reply",
          (error: unknown) => (error as Failure).code,
        );
    const first = Array.from({ length: 4 }, () => codeOf("1m"));
    await Promise.all(first); // how long it takes is known from now on
    const waiting = Array.from({ length: 100 }, () => codeOf("1m")); // for 2.5 s
    await running.pause(1);
    assert.equal(await codeOf("2s"), "OVERLOADED");
    assert.equal(await codeOf("1m"), "reply");
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["reply"]));
    assert.equal(await codeOf("2s"), "reply");
  });
});

test("handlers: what has waited for a free handler has only the rest of its time for what it asks of others", async () => {
  const Deaf = contract("deaf", { version: 1, commands: { listen: {} }, access: { listen: "any" } });
  const Clerk = contract("clerk", { version: 1, commands: { call: {} }, access: { call: "any" } });
  const at: { now?: VirtualSystem } = {};
  const gaveUpMs: number[] = [];
  const nobody = handlers(Deaf, {
    handle: {
      listen: (_, { signal }) =>
        new Promise<void>((resolve) =>
          signal.addEventListener("abort", () => {
            gaveUpMs.push(at.now?.world.outside.clock.monotonic() ?? 0);
            resolve();
          }),
        ),
    },
  });
  const clerk = handlers(Clerk, { handle: { call: (_, cx) => cx.at(Deaf).listen({ within: "20s" }) } });
  const services = [service("deaf", [nobody]), service("clerk", [clerk], { limits: { handlers: { concurrency: 1 } } })];
  await virtually(system("calling", { services }), async (running) => {
    at.now = running;
    const startMs = running.world.outside.clock.monotonic();
    const ask = (within: "6s" | "10s"): Promise<unknown> => running.inside(() => running.booted.at(Clerk).call({ within })).catch(String);
    await Promise.all([ask("6s"), ask("10s")]);
    await running.pause(10_000);
    assert.deepEqual(
      gaveUpMs.map((ms) => Math.round((ms - startMs) / 1_000)),
      [6, 10],
    );
  });
});
