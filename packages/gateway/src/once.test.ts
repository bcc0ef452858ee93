// Idempotency-Key: one outcome, once, for 24 hours, whatever happens in between. Each rule on a whole system in a virtual
// world; `trial.runs` counts how often a handler really ran.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprintOf } from "./fingerprint.ts";
import { httpKey } from "./idempotency-key.ts";
import { virtually, type Answered, type VirtualGateway } from "../test/virtual-gateway.ts";

const key = { "idempotency-key": '"k1"' };
const replayed = ({ headers }: Answered): string | null => headers.get("idempotency-replayed");
const act = (gateway: VirtualGateway, mode = "done", headers: Record<string, string> = key, waitMs = 1_000): Promise<Answered> =>
  gateway.post("/acts", { mode, waitMs }, headers);

test("idempotency: the same key with the same request gives the same answer, and the handler runs once", () =>
  virtually(async (gateway) => {
    const first = await act(gateway);
    const second = await act(gateway);
    assert.deepEqual([first.status, second.status, second.text], [200, 200, first.text]);
    assert.deepEqual([replayed(first), replayed(second), gateway.trial.runs], [null, "true", 1]);
    assert.equal((await gateway.post("/acts", { waitMs: 1_000, mode: "done" }, { "idempotency-key": "k1" })).text, first.text);
    assert.equal(gateway.trial.runs, 1);
  }));

test("idempotency: without a key each request is a request of its own", () =>
  virtually(async (gateway) => {
    const ids = [await act(gateway, "done", {}), await act(gateway, "done", {})].map(({ json }) => json["id"]);
    assert.deepEqual([gateway.trial.runs, new Set(ids).size], [2, 2]);
  }));

test("idempotency: another body or another query under the same key is a 422 and does nothing", () =>
  virtually(async (gateway) => {
    await act(gateway);
    for (const reused of [await act(gateway, "unavailable"), await gateway.post("/acts?x=1", { mode: "done", waitMs: 1_000 }, key)]) {
      assert.deepEqual([reused.status, reused.json["code"]], [422, "IDEMPOTENCY_KEY_REUSED"]);
    }
    assert.equal(gateway.trial.runs, 1);
  }));

test("idempotency: a key means something for its own path only", () =>
  virtually(async (gateway) => {
    const order = { order: "o", qty: 1 };
    await gateway.post("/stock/tea/deliveries", { quantity: 5 }, key);
    await gateway.post("/stock/mug/deliveries", { quantity: 5 }, key);
    assert.equal((await gateway.post("/stock/tea/reservations", order, key)).status, 201);
    assert.equal((await gateway.request("GET", "/stock/mug")).json["available"], 5);
  }));

test("idempotency: a malformed key is a 400 and nothing runs", () =>
  virtually(async (gateway) => {
    for (const bad of ["a b", '"a', "x".repeat(256)]) {
      const refused = await act(gateway, "done", { "idempotency-key": bad });
      assert.deepEqual([refused.status, refused.json["code"]], [400, "MALFORMED"]);
    }
    assert.equal(gateway.trial.runs, 0);
  }));

test("idempotency: a rejection is an outcome, kept like a reply", () =>
  virtually(async (gateway) => {
    const reserve = () => gateway.post("/stock/tea/reservations", { order: "o1", qty: 2 }, key);
    const first = await reserve();
    await gateway.post("/stock/tea/deliveries", { quantity: 9 });
    const second = await reserve();
    assert.deepEqual([first.status, second.status, second.text, replayed(second)], [409, 409, first.text, "true"]);
    assert.equal(second.headers.get("content-type"), "application/problem+json");
  }));

test("idempotency: an answer without a body is kept as one", () =>
  virtually(async (gateway) => {
    const deliver = () => gateway.post("/stock/tea/deliveries", { quantity: 2 }, key);
    const answers = [await deliver(), await deliver()];
    assert.deepEqual(
      answers.map(({ status, text }) => [status, text]),
      [
        [202, ""],
        [202, ""],
      ],
    );
    assert.equal((await gateway.request("GET", "/stock/tea")).json["available"], 2);
  }));

test("idempotency: what is invalid does not use up the key", () =>
  virtually(async (gateway) => {
    assert.equal((await gateway.post("/stock/tea/deliveries", { quantity: 0 }, key)).status, 422);
    assert.equal((await gateway.post("/stock/tea/deliveries", { quantity: 3 }, key)).status, 202);
  }));

test("idempotency: a request that comes while the first is running waits and gets its answer", () =>
  virtually(async (gateway) => {
    const answers = await Promise.all([act(gateway, "wait"), act(gateway, "wait"), act(gateway, "wait")]);
    assert.deepEqual([new Set(answers.map(({ text }) => text)).size, gateway.trial.runs], [1, 1]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(answers.filter((answer) => replayed(answer) === "true").length, 2);
  }));

test("idempotency: whoever waits longer than the deadline is told that the outcome is unknown", () =>
  virtually(async (gateway) => {
    const first = act(gateway, "wait", key, 5_000);
    const second = await act(gateway, "wait", key, 5_000);
    assert.deepEqual([second.status, second.json["code"], second.json["outcome"]], [504, "DEADLINE", "unknown"]);
    assert.equal((await first).status, 504);
  }));

test("idempotency: a failure is not kept, and the next attempt has the same command id", () =>
  virtually(async (gateway) => {
    for (let attempt = 1; attempt <= 2; attempt++) {
      const failed = await act(gateway, "unavailable");
      assert.deepEqual([failed.status, failed.json["outcome"], gateway.trial.runs], [504, "unknown", attempt]);
    }
    assert.equal(new Set(gateway.trial.ids).size, 1);
    const reused = await act(gateway, "done");
    assert.equal(reused.status, 422, "what failed may have happened: the key stays bound to its request");
  }));

test("idempotency: an answer is kept across a crash, also one that a handler gave", () =>
  virtually(async (gateway) => {
    const first = await act(gateway);
    const after = await gateway.crash();
    const second = await act(after);
    assert.deepEqual([second.status, second.text, replayed(second), after.trial.runs], [200, first.text, "true", 1]);
  }));

test("idempotency: crashes at any moment leave one outcome, applied once", async () => {
  const reached = { told: 0, appliedUntold: 0, notApplied: 0 };
  for (let seed = 1; seed <= 60; seed++) {
    await virtually(
      async (gateway) => {
        await gateway.post("/stock/tea/deliveries", { quantity: 10 });
        const reserve = (at: VirtualGateway) => at.post("/stock/tea/reservations", { order: "o1", qty: 1 }, key);
        let told: Answered | undefined;
        const lost = (): undefined => undefined; // the crash took the connection along
        void reserve(gateway).then((answer) => (told = answer), lost);
        await gateway.pause(gateway.world.random.next() * 12);
        const before = told;
        const next = await gateway.crash();
        const after = await reserve(next);
        assert.deepEqual([after.status, after.json["left"]], [201, 9], `seed ${seed}`);
        reached[before ? "told" : replayed(after) ? "appliedUntold" : "notApplied"] += 1;
        if (before) assert.equal(after.text, before.text, `seed ${seed}`);
        assert.equal((await next.request("GET", "/stock/tea")).json["available"], 9, `seed ${seed}`);
      },
      {},
      seed,
    );
  }
  for (const [moment, times] of Object.entries(reached)) assert.ok(times > 0, `no seed crashed at the moment "${moment}"`);
});

test("idempotency: after 24 hours the key is free, before that it is not", () =>
  virtually(async (gateway) => {
    await act(gateway);
    await gateway.pause(24 * 3_600_000 - 60_000);
    assert.deepEqual([replayed(await act(gateway)), gateway.trial.runs], ["true", 1]);
    await gateway.pause(60_000);
    assert.deepEqual([replayed(await act(gateway)), gateway.trial.runs], [null, 2]);
    assert.equal((await act(gateway, "throw")).status, 422, "it is bound anew");
  }));

test("idempotency: the id of a request is that of its key, and fresh without one", () =>
  virtually(async (gateway) => {
    const order = async (headers: Record<string, string>) => (await gateway.post("/orders", { item: "http://x/tea" }, headers)).json["id"];
    const [first, again, other, fresh] = [await order(key), await order(key), await order({ "idempotency-key": "k2" }), await order({})];
    assert.equal(first, again);
    assert.equal(new Set([first, other, fresh]).size, 3);
  }));

test("idempotency: an answer above the kept size is given, not kept, and the next attempt asks again", () =>
  virtually(
    async (gateway) => {
      assert.deepEqual([(await act(gateway)).status, (await act(gateway)).status, gateway.trial.runs], [200, 200, 2]);
    },
    { limits: { keptAnswerBytesMax: 10 } },
  ));

test("idempotency: nothing in the log tells a guessed request from another, unless one knows its key", () => {
  const scope = { method: "POST", path: "/cards", key: "8e03978e-40d5-43dd-bc93-6894a57f9324" };
  const kept = fingerprintOf(scope, { number: "4111" }, "").request;
  assert.equal(kept, fingerprintOf(scope, { number: "4111" }, "").request, "the same request stays the same");
  assert.notEqual(kept, fingerprintOf(scope, { number: "4112" }, "").request);
  assert.notEqual(kept, fingerprintOf({ ...scope, key: "guess" }, { number: "4111" }, "").request);
  assert.notEqual(kept, fingerprintOf(scope, { number: "4111" }, "").before);
});

test("idempotency: a key begun by an older version, without it in the fingerprint, stands for the same request and no other", () => {
  const scope = { method: "POST", path: "/cards", key: "k" };
  const { before } = fingerprintOf(scope, { number: "4111" }, "");
  const begun = { stage: "begun", request: before, at: 0 } as const;
  const ask = (sent: unknown): unknown => {
    let outcome: unknown;
    const turn = {
      now: 1,
      reply: (value: unknown) => (outcome = value),
      reject: (name: string) => (outcome = name),
      emit: () => assert.fail("nothing is begun"),
    };
    httpKey.how.decide.begin?.(begun, fingerprintOf(scope, sent, ""), turn);
    return outcome;
  };
  assert.deepEqual([ask({ number: "4111" }), ask({ number: "4112" })], [{ at: 0, fresh: false }, "Reused"]);
});
