// What a service asks of its own keys where another node owns them.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, service, system } from "@atoll/core";
import type { Booted } from "@atoll/core/system";
import { inRing, type VirtualRing } from "../../../test/virtual-ring.ts";
import { failureOf } from "../../../test/virtual-system.ts";
import { PromptStand } from "./stand-under-test.ts";
import { type Ask, replyRest } from "./wire.ts";

const Till = contract("till", {
  version: 1,
  key: z.string(),
  commands: { pay: { in: z.object({ euros: z.string().transform((text) => Number(text) * 100), note: z.array(z.string()) }) } },
  access: { pay: "any" },
});
const till = entity(Till, {
  state: z.object({}),
  initial: {},
  events: { Paid: z.object({ cents: z.number() }) },
  decide: { pay: (_, { euros }, turn) => turn.emit("Paid", { cents: euros }) },
  evolve: { Paid: (s) => s },
});
const tills = system("tills", { services: [service("tills", [till])] });

/** A node of the service that calls it, and another one, which owns everything and takes what it is asked. */
async function withOwner(ring: VirtualRing): Promise<{ readonly own: Booted; readonly asked: readonly Ask[] }> {
  const stand = new PromptStand(replyRest(false, "", undefined));
  const owner = await ring.stand("tills", 2, stand.accept);
  const host = "2".padStart(32, "0"); // the next that comes up
  ring.plan("tills", { host, partitions: Array.from({ length: 16 }, () => ({ owner, epoch: 1, leaving: false })) });
  return { own: await ring.up("tills", true, 1, () => undefined), asked: stand.asked };
}

test("own keys: what another node owns gets the input as it was given, once, whatever the caller does to it afterwards", () =>
  inRing(tills, async (ring) => {
    const { own, asked } = await withOwner(ring);
    const input = { euros: "12", note: ["a"] };
    await ring.inside(() => {
      const answer = own.at(Till, "a").pay(input);
      input.euros = "99";
      return answer;
    });
    assert.deepEqual(
      asked.map(({ input: taken }) => taken),
      [{ euros: "12", note: ["a"] }],
    );
  }));

test("own keys: an input that has no JSON is INVALID_INPUT, and nothing waits for it", () =>
  inRing(tills, async (ring) => {
    const { own, asked } = await withOwner(ring);
    const circle: unknown[] = [];
    circle.push(circle);
    const failure = await failureOf(ring.inside(() => own.at(Till, "a").pay({ euros: "1", note: [], other: circle } as never)));
    assert.deepEqual([failure.code, asked.length], ["INVALID_INPUT", 0]);
    const { clock } = ring.world.outside;
    const sinceMs = clock.monotonic();
    await ring.inside(() => own.stop(60_000));
    assert(clock.monotonic() - sinceMs < 5_000, "a message that waited would hold up the end");
  }));
