import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, handlers, service, system } from "@atoll/core";
import { inRing } from "../../../test/virtual-ring.ts";
import type { Json } from "../../contract/index.ts";
import { contractsIn, helloOf } from "./hello.ts";
import { PromptStand } from "./stand-under-test.ts";
import { replyRest } from "./wire.ts";

const Quote = contract("quote", { version: 2, queries: { price: {} }, access: { price: "any" } });
const Front = contract("front", { version: 1, queries: { ask: {} }, access: { ask: "any" } });
const front = handlers(Front, { handle: { ask: (_, cx) => cx.at(Quote).price() } });
const market = system("market", {
  services: [service("quotes", [handlers(Quote, { handle: { price: () => undefined } })]), service("front", [front])],
});

/** Asks twenty times, where instances have said these hellos; how many of them each has taken. */
async function asked(...hellos: readonly Json[]): Promise<readonly number[]> {
  const stands = hellos.map(() => new PromptStand(replyRest(false, "", undefined)));
  await inRing(market, async (ring) => {
    for (const [n, stand] of stands.entries()) await ring.stand("quotes", n + 1, stand.accept, hellos[n]);
    const desk = await ring.up("front");
    await ring.inside(() => desk.at(Front).ask()); // links are made
    await ring.pause(100);
    for (const stand of stands) stand.asked.splice(0);
    for (let n = 0; n < 20; n++) await ring.inside(() => desk.at(Front).ask());
  });
  return stands.map((stand) => stand.asked.length);
}

const saying = (...contracts: readonly string[]): Json => ({ contracts });

test("hello: a node says which contracts it implements, in which versions", () => {
  assert.deepEqual(helloOf(market, "quotes"), { contracts: ["quote@2"] });
  assert.deepEqual(helloOf(market, "gateway"), { contracts: [] });
  const many = Array.from({ length: 200 }, (_, n) =>
    handlers(contract(`c${n}`, { version: 1, queries: { q: {} } }), { handle: { q: () => undefined } }),
  );
  assert.equal(helloOf(system("large", { services: [service("many", many)] }), "many"), null);
});

test("hello: what says nothing of contracts is taken to implement all", () => {
  for (const hello of [null, 1, "contracts", [], {}, { contracts: "quote@2" }, { contracts: [1] }])
    assert.equal(contractsIn(hello), undefined);
  assert.deepEqual(contractsIn(saying("quote@2")), new Set(["quote@2"]));
});

test("hello: while old and new instances run side by side, a call goes to one that knows its version", async () => {
  assert.deepEqual(await asked(saying("quote@1"), saying("quote@1", "quote@2"), saying("quote@1")), [0, 20, 0]);
});

test("hello: where no instance knows the version, one of them is asked, and says so", async () => {
  const [a, b] = (await asked(saying("quote@1"), saying("quote@1"))) as [number, number];
  assert.equal(a + b, 20);
});

test("hello: an instance that has not said takes its part", async () => {
  const [a, b] = (await asked(null, saying("quote@2"))) as [number, number];
  assert(a > 0 && b > 0 && a + b === 20, `${a}, ${b}`);
});
