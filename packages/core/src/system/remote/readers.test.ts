// Read models that several nodes answer from (R6): at the caller, whose peers the test drives, and at nodes that read and one that hosts.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, handlers, service, system } from "@atoll/core";
import type { ExtensionPart, Message } from "@atoll/core/extension";
import type { Booted } from "@atoll/core/system";
import { inRing, type VirtualRing } from "../../../test/virtual-ring.ts";
import { Stand, type Taken } from "./stand-under-test.ts";
import { againRest, askedRest, askRest, movedRest, readResponded, replyRest, request } from "./wire.ts";

const Sums = contract("sums", {
  version: 1,
  queries: { of: { in: z.object({ n: z.int() }), out: z.object({ by: z.string(), caller: z.string() }) } },
  access: { of: ["desk"] },
});

/** A node as the read model sees it: which questions it has tables for. */
const shown = new Set<number>();
let opening: Promise<void> = Promise.resolve();
const reply = (message: Message, by: string): void => {
  const given = { by, caller: message.caller };
  message.answer({ kind: "reply", given, value: given, replayed: false });
};
const sums: ExtensionPart = {
  kind: "readModel",
  contract: Sums,
  async open() {
    await opening;
    return { receive: (message) => reply(message, "host"), close: () => Promise.resolve() };
  },
  read: (_, host) => ({
    receive: (message) => (shown.has((message.input as { readonly n: number }).n) ? reply(message, "reader") : host(message)),
    close: () => Promise.resolve(),
  }),
};

const Desk = contract("desk", {
  version: 1,
  queries: { look: { in: z.object({ n: z.int() }), out: z.object({ by: z.string(), caller: z.string() }) } },
  access: { look: "any" },
});
const desk = handlers(Desk, { handle: { look: ({ n }, cx) => cx.at(Sums).of({ n }) } });
const desks = system("desks", { services: [service("sums", [sums]), service("desk", [desk])] });

type Look = Promise<{ readonly by: string; readonly caller: string }>;
const look = (ring: VirtualRing, from: Booted, n: number): Look => ring.inside(() => from.at(Desk).look({ n }, { within: "30s" }) as Look);

const epochsOf = (taken: readonly Taken[]): readonly number[] => taken.map(({ ask }) => ask.epoch);

const answer = replyRest(false, "", { by: "a stand", caller: "desk" });

async function standing(ring: VirtualRing): Promise<{ readonly host: Stand; readonly other: Stand; readonly from: Booted }> {
  const [host, other] = [new Stand(), new Stand()];
  host.incarnation = await ring.stand("sums", 1, host.accept);
  other.incarnation = await ring.stand("sums", 2, other.accept);
  ring.plan("sums", { host: host.incarnation, partitions: [] });
  const from = await ring.up("desk");
  const first = look(ring, from, 0); // makes the links
  await ring.pause(100);
  for (const stand of [host, other]) stand.say(answer);
  await first;
  return { host, other, from };
}

test("readers R6: a query goes to any node; given back it goes to the host, once, and says so", () =>
  inRing(desks, async (ring) => {
    const { host, other, from } = await standing(ring);
    const asked = Array.from({ length: 40 }, (_, n) => look(ring, from, n));
    await ring.pause(100);
    const [atHost, atOther] = [host.taken.length, other.taken.length];
    assert(atHost > 5 && atOther > 5 && atHost + atOther === 40, `${atHost} and ${atOther}`);
    assert.deepEqual(new Set(epochsOf(host.say(answer))), new Set([0]));
    assert.deepEqual(new Set(epochsOf(other.say(movedRest(0, false)))), new Set([0]));
    await ring.pause(100);
    assert.equal(other.taken.length, 0);
    assert.deepEqual(
      epochsOf(host.say(answer)),
      Array.from({ length: atOther }, () => 1),
    );
    assert.equal((await Promise.all(asked)).length, 40);
  }));

test("readers R1, R6: no query fails while the node that was asked is lost or leaves, or while there is no host", () =>
  inRing(desks, async (ring) => {
    const { host, other, from } = await standing(ring);
    const asked = Array.from({ length: 20 }, (_, n) => look(ring, from, n));
    await ring.pause(100);
    const atHost = host.say(answer).length;
    await ring.inside(async () => other.link?.close("cut"));
    other.taken.splice(0);
    await ring.pause(1_000);
    const again = host.say(answer).length;
    assert(again + other.taken.length === 20 - atHost);
    ring.plan("sums", { host: undefined, partitions: [] });
    other.say(movedRest(0, false));
    const later = Array.from({ length: 20 }, (_, n) => look(ring, from, n));
    await ring.pause(100);
    other.say(againRest("it is leaving"));
    await ring.pause(100);
    host.say(answer);
    await ring.pause(1_000);
    other.say(movedRest(0, false));
    ring.plan("sums", { host: other.incarnation, partitions: [] });
    await ring.pause(100);
    other.say(answer);
    host.say(answer);
    assert.equal((await Promise.all([...asked, ...later])).length, 40);
  }));

test("readers R6: how long the host takes counts as the time of the node that has left it to that one", () =>
  inRing(desks, async (ring) => {
    const { host, other, from } = await standing(ring);
    let givenBack = 0;
    const ask = async (): Promise<void> => {
      const asked = look(ring, from, 0);
      await ring.pause(1);
      if (host.taken.length > 0) host.say(answer);
      else await ring.pause(1);
      givenBack += other.say(movedRest(0, false)).length;
      await ring.pause(5);
      host.say(answer);
      await asked;
    };
    for (let n = 0; n < 300; n++) await ask();
    givenBack = 0;
    for (let n = 0; n < 100; n++) await ask();
    assert(givenBack < 30, `${givenBack} of 100`);
  }));

test("readers R6: nodes answer what they can show and give back the rest, which the host answers for the caller's own name", () =>
  inRing(desks, async (ring) => {
    const report = (): void => undefined;
    const nodes = [];
    for (let n = 1; n <= 3; n++) nodes.push(await ring.up("sums", true, n, report));
    ring.plan("sums", { host: ring.incarnationOf("sums-1"), partitions: [] });
    const from = await ring.up("desk");
    shown.add(1);
    await look(ring, from, 1); // makes the links
    await ring.pause(100);
    for (const n of [1, 2]) {
      const answers = await Promise.all(Array.from({ length: 60 }, () => look(ring, from, n)));
      assert.deepEqual(new Set(answers.map(({ by }) => by)), new Set(n === 1 ? ["reader", "host"] : ["host"]));
      assert.deepEqual(new Set(answers.map(({ caller }) => caller)), new Set(["desk"]));
    }
    // The next host opens its tables slowly: whoever is sent to it waits there.
    const { promise, resolve } = Promise.withResolvers<void>();
    opening = promise;
    ring.plan("sums", { host: ring.incarnationOf("sums-2"), partitions: [] });
    const waiting = Array.from({ length: 30 }, () => look(ring, from, 2));
    await ring.pause(500);
    resolve();
    assert.deepEqual(new Set((await Promise.all(waiting)).map(({ by }) => by)), new Set(["host"]));
  }));

test("readers R6: what is for the host waits at a node that has not heard yet that it is the host; what is for any is given back", () =>
  inRing(desks, async (ring) => {
    await ring.up("sums", true, 1, () => undefined);
    ring.plan("sums", { host: undefined, partitions: [] });
    const heard: unknown[] = [];
    const link = await ring.connect("desk", "sums", () => ({
      message: (value) => {
        const { n, responded } = readResponded(value);
        heard.push([n, responded.kind]);
      },
      room: () => undefined,
      closed: () => undefined,
    }));
    const asked = askedRest(
      {
        contract: "sums",
        version: 1,
        operation: "of",
        key: "",
        id: "",
        minted: 0,
        told: undefined,
        read: "strong",
        session: "",
        trace: undefined,
      },
      JSON.stringify({ n: 9 }),
    );
    await ring.inside(async () => {
      link.send(request(1, 30_000, askRest(1, asked)));
      link.send(request(2, 30_000, askRest(0, asked)));
    });
    await ring.pause(500);
    assert.deepEqual(heard, [[2, "moved"]]);
    ring.plan("sums", { host: ring.incarnationOf("sums-1"), partitions: [] });
    await ring.pause(500);
    assert.deepEqual(heard, [
      [2, "moved"],
      [1, "reply"],
    ]);
  }));
