// Routes with `later`: 202 is a promise, kept whatever crashes. Each rule on a whole system in a virtual world; the stock at the
// address of a shipment says how often it took effect.
import assert from "node:assert/strict";
import { test } from "node:test";
import { virtually, type Answered, type VirtualGateway } from "../test/virtual-gateway.ts";

const key = { "idempotency-key": "k1" };
const early = { prefer: "respond-async" };
const replayed = ({ headers }: Answered): string | null => headers.get("idempotency-replayed");
const location = ({ headers }: Answered): string => headers.get("location") ?? "";
const ship = (gateway: VirtualGateway, body: object, headers: Record<string, string> = {}): Promise<Answered> =>
  gateway.post("/shipments", body, headers);
const pieces = async (gateway: VirtualGateway, answer: Answered): Promise<unknown> =>
  (await gateway.request("GET", location(answer))).json["available"];
async function metric(gateway: VirtualGateway, name: string): Promise<string | undefined> {
  const { text } = await gateway.request("GET", "/metrics");
  return new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1];
}

test("later: what is done in time is answered as usual, with the location of what a 201 has created", () =>
  virtually(async (gateway) => {
    const done = await ship(gateway, { waitMs: 1_000 });
    const id = String(done.json["id"]);
    assert.deepEqual([done.status, done.json], [201, { id, run: 1, url: `http://trial/shipments/${id}`, waited: 1_000 }]);
    assert.equal(location(done), `/shipments/${id}`);
    assert.equal(await pieces(gateway, done), 1);
    assert.deepEqual([await metric(gateway, "atoll_http_accepted_total"), gateway.trial.runs], ["0", 1]);
  }));

test("later: what is not done within its time is a 202 with a location, and done afterwards, once", () =>
  virtually(async (gateway) => {
    const begun = gateway.world.timeMs;
    const accepted = await ship(gateway, { waitMs: 5_000 });
    assert.deepEqual([accepted.status, accepted.headers.get("preference-applied")], [202, null]);
    assert.deepEqual(accepted.json, { status: "accepted", location: location(accepted) }, "who reads JSON from every answer finds some");
    assert.ok(gateway.world.timeMs - begun < 2_100, "the route's own time, and a commit");
    assert.match(location(accepted), /^\/shipments\/[0-9a-f]{32}$/);
    assert.equal(await pieces(gateway, accepted), 0);
    await gateway.pause(4_000);
    assert.deepEqual([await pieces(gateway, accepted), gateway.trial.runs], [1, 1]);
    assert.equal(await metric(gateway, "atoll_http_accepted_waiting"), "0");
  }));

test("later: a client that prefers it is answered 202 at once, or after the time it would wait", () =>
  virtually(async (gateway) => {
    const begun = gateway.world.timeMs;
    const accepted = await ship(gateway, { waitMs: 1_000 }, { prefer: "return=minimal, Respond-Async" });
    assert.deepEqual([accepted.status, accepted.headers.get("preference-applied")], [202, "respond-async"]);
    assert.ok(gateway.world.timeMs - begun < 100);
    const waited = await ship(gateway, { waitMs: 500 }, { prefer: "respond-async, wait=1" });
    assert.deepEqual([waited.status, waited.json["waited"]], [201, 500]);
    const impatient = await ship(gateway, { waitMs: 1_500 }, { prefer: "wait=1, respond-async; x=y" });
    assert.equal(impatient.status, 202);
    const indifferent = await ship(gateway, { waitMs: 1_500 }, { prefer: "handling=lenient, respond-asynchronously" });
    assert.equal(indifferent.status, 201);
    await gateway.pause(2_000);
    assert.deepEqual([await pieces(gateway, accepted), await pieces(gateway, impatient)], [1, 1]);
  }));

test("later: other routes do not care what the client prefers", () =>
  virtually(async (gateway) => {
    const done = await gateway.post("/acts", { mode: "done" }, early);
    assert.deepEqual([done.status, done.headers.get("preference-applied")], [200, null]);
  }));

test("later: rejections and failures that come in time are answered as such, and nothing is accepted", () =>
  virtually(async (gateway) => {
    const refused = await ship(gateway, { mode: "refuse" });
    assert.deepEqual([refused.status, refused.json["rejection"]], [409, "Refused"]);
    const failed = await ship(gateway, { mode: "throw" });
    assert.deepEqual([failed.status, failed.json["code"]], [500, "DEFECT"]);
    const wrong = await ship(gateway, { waitMs: -1 }, early);
    assert.deepEqual([wrong.status, wrong.json["code"]], [422, "INVALID_INPUT"]);
    assert.deepEqual([await metric(gateway, "atoll_http_accepted_total"), await metric(gateway, "atoll_http_given_up_total")], ["0", "0"]);
  }));

test("later: the same key is 202 until there is an outcome, and the outcome from then on", () =>
  virtually(async (gateway) => {
    const first = await ship(gateway, { waitMs: 5_000 }, { ...key, ...early });
    const again = await ship(gateway, { waitMs: 5_000 }, { ...key, ...early });
    assert.deepEqual([first.status, replayed(first), again.status, replayed(again)], [202, null, 202, "true"]);
    assert.equal(location(again), location(first));
    const patient = await ship(gateway, { waitMs: 5_000 }, key);
    assert.deepEqual([patient.status, replayed(patient)], [202, "true"]);
    const advanced = await ship(gateway, { waitMs: 5_000 }, { ...key, prefer: "respond-async, wait=9" }).then(async (answer) =>
      answer.status === 202 ? ship(gateway, { waitMs: 5_000 }, key) : answer,
    );
    assert.deepEqual([advanced.status, replayed(advanced), location(advanced)], [201, "true", location(first)]);
    const kept = await ship(gateway, { waitMs: 5_000 }, { ...key, ...early });
    assert.deepEqual([kept.status, kept.text, replayed(kept)], [201, advanced.text, "true"]);
    assert.equal((await ship(gateway, { waitMs: 1 }, key)).json["code"], "IDEMPOTENCY_KEY_REUSED");
    assert.deepEqual([gateway.trial.runs, await pieces(gateway, first)], [1, 1]);
  }));

test("later: a repetition that prefers 202 does not wait for the first to be answered", () =>
  virtually(async (gateway) => {
    const first = ship(gateway, { waitMs: 1_500 }, key);
    await gateway.pause(500);
    const begun = gateway.world.timeMs;
    const second = await ship(gateway, { waitMs: 1_500 }, { ...key, ...early });
    assert.deepEqual([second.status, replayed(second), gateway.world.timeMs - begun < 100], [202, "true", true]);
    assert.deepEqual([(await first).status, gateway.trial.runs, await pieces(gateway, second)], [201, 1, 1]);
  }));

test("later: a rejection is an outcome, kept for the key of a request that was answered 202", () =>
  virtually(async (gateway) => {
    const accepted = await ship(gateway, { mode: "refuse", waitMs: 3_000 }, key);
    assert.equal(accepted.status, 202);
    await gateway.pause(2_000);
    const refused = await ship(gateway, { mode: "refuse", waitMs: 3_000 }, key);
    assert.deepEqual([refused.status, refused.json["rejection"], replayed(refused), gateway.trial.runs], [409, "Refused", "true", 1]);
    assert.equal(refused.headers.get("content-type"), "application/problem+json");
  }));

test("later: what fails after its 202 is asked again under the same command id until it succeeds", () =>
  virtually(async (gateway) => {
    const accepted = await ship(gateway, { mode: "unavailable" }, early);
    await gateway.pause(60_000);
    assert.ok(gateway.trial.runs > 3);
    gateway.trial.mended = true;
    await gateway.pause(120_000);
    assert.deepEqual([new Set(gateway.trial.ids).size, await pieces(gateway, accepted)], [1, 1]);
    assert.equal(await metric(gateway, "atoll_http_accepted_waiting"), "0");
  }));

test("later: what keeps failing is given up after its time, and what says never at once; the key then asks anew", () =>
  virtually(
    async (gateway) => {
      await ship(gateway, { mode: "unavailable" }, early);
      await gateway.pause(200_000);
      const { runs } = gateway.trial;
      assert.equal(await metric(gateway, "atoll_http_given_up_total"), "1");
      await gateway.pause(300_000);
      assert.equal(gateway.trial.runs, runs);
      await ship(gateway, { mode: "throw" }, { ...key, ...early });
      await gateway.pause(1_000);
      assert.equal(await metric(gateway, "atoll_http_given_up_total"), "2");
      assert.equal((await ship(gateway, { mode: "throw" }, key)).json["code"], "DEFECT");
      assert.equal(gateway.trial.runs, runs + 2);
      const after = await gateway.crash();
      await after.pause(300_000);
      assert.equal(after.trial.runs, runs + 2, "what was given up is no longer on disk");
    },
    { limits: { laterForMs: 100_000 } },
  ));

test("later: what was answered 202 is carried out once, whenever the process dies", async () => {
  const reached = { told: 0, untold: 0, twoProcesses: 0, kept: 0 };
  for (let seed = 1; seed <= 80; seed++) {
    await virtually(
      async (gateway) => {
        const { random } = gateway.world;
        const body = { waitMs: Math.floor(random.next() * 200) };
        const headers = random.next() < 0.5 ? { ...key, ...early } : early;
        const keyed = "idempotency-key" in headers;
        let told: Answered | undefined;
        void ship(gateway, body, headers).then(
          (answer) => (told = answer),
          () => undefined, // the crash took the connection along
        );
        let next = gateway;
        for (let crashes = 0; crashes < 3; crashes++) {
          await next.pause(random.next() * (crashes === 0 ? 40 : 250));
          next = await next.crash();
        }
        const before = told;
        await next.pause(10_000);
        assert.equal(await metric(next, "atoll_http_accepted_waiting"), "0", `seed ${seed}`);
        reached[before ? "told" : "untold"] += 1;
        if (before) {
          assert.equal(before.status, 202, `seed ${seed}`);
          assert.equal(await pieces(next, before), 1, `seed ${seed}`);
          if (next.trial.runs > 1) reached.twoProcesses += 1;
        }
        if (keyed) {
          const after = await ship(next, body, key);
          assert.deepEqual([after.status, await pieces(next, after)], [201, 1], `seed ${seed}`);
          if (before) {
            assert.deepEqual([replayed(after), location(after)], ["true", location(before)], `seed ${seed}`);
            reached.kept += 1;
          }
        }
        assert.ok(new Set(next.trial.ids).size <= 1, `seed ${seed}`);
      },
      {},
      seed,
    );
  }
  for (const [moment, times] of Object.entries(reached)) assert.ok(times > 0, `no seed reached "${moment}"`);
});

test("later: a 202 at the deadline is kept across a crash, too", () =>
  virtually(async (gateway) => {
    const accepted = await ship(gateway, { waitMs: 3_000 }, key);
    assert.equal(accepted.status, 202);
    const after = await gateway.crash();
    await after.pause(4_000);
    assert.equal(await pieces(after, accepted), 1);
    const replay = await ship(after, { waitMs: 3_000 }, key);
    assert.deepEqual([replay.status, replayed(replay), replay.json["url"]], [201, "true", `http://trial${location(accepted)}`]);
  }));

test("later: a request too large to be stored is not answered before it is done", () =>
  virtually(
    async (gateway) => {
      assert.equal((await ship(gateway, { waitMs: 100 }, early)).status, 201);
      const slow = await ship(gateway, { waitMs: 3_000 });
      assert.deepEqual([slow.status, slow.json["code"], slow.json["outcome"]], [504, "DEADLINE", "unknown"]);
    },
    { limits: { laterRequestLengthMax: 20 } },
  ));

test("later: a stopping process ends what runs if there is time, and leaves the rest to the next one", () =>
  virtually(async (gateway) => {
    const quick = await ship(gateway, { waitMs: 2_000 }, early);
    const slow = await ship(gateway, { waitMs: 20_000 }, early);
    await gateway.booted.stop(5_000);
    const after = await gateway.crash();
    assert.deepEqual([await pieces(after, quick), await pieces(after, slow)], [1, 0]);
    await after.pause(30_000);
    assert.deepEqual([await pieces(after, quick), await pieces(after, slow), after.trial.runs], [1, 1, 3]);
  }));

test("later: a full list of accepted requests refuses the next before it is begun", () =>
  virtually(
    async (gateway) => {
      const statuses = new Map<string, number>();
      for (let i = 0; i < 5_000 && !statuses.has("503 OVERLOADED"); i += 100) {
        const answers = await Promise.all(Array.from({ length: 100 }, () => ship(gateway, { mode: "unavailable" }, early)));
        for (const { status, json } of answers) {
          const seen = `${status} ${status === 202 ? "" : String(json["code"])}`;
          statuses.set(seen, (statuses.get(seen) ?? 0) + 1);
        }
      }
      assert.deepEqual([...statuses.keys()].toSorted(), ["202 ", "503 OVERLOADED"]);
      assert.ok((statuses.get("202 ") ?? 0) > 2_500);
    },
    { limits: { laterAttemptsMax: 1 } },
  ));

test("later: what is to be seen where a 202 points is 202 until there is an outcome, and not there only if nothing comes of it", () =>
  virtually(async (gateway) => {
    const seen = (answer: Answered): Promise<Answered> => gateway.request("GET", location(answer));
    const accepted = await gateway.post("/arrivals", { waitMs: 1_000 }, early);
    const waiting = await seen(accepted);
    assert.deepEqual([waiting.status, waiting.json], [202, accepted.json]);
    assert.deepEqual([location(waiting), waiting.headers.get("retry-after")], [location(accepted), "1"]);
    assert.equal((await gateway.request("HEAD", location(accepted))).status, 202);
    await gateway.pause(2_000);
    assert.deepEqual([(await seen(accepted)).status, await pieces(gateway, accepted)], [200, 1]);
    const refused = await gateway.post("/arrivals", { mode: "refuse", waitMs: 1_000 }, early);
    assert.equal((await seen(refused)).status, 202);
    await gateway.pause(2_000);
    assert.deepEqual([(await seen(refused)).status, (await seen(refused)).json["rejection"]], [404, "NothingArrived"]);
    assert.equal((await gateway.request("GET", "/arrivals/none")).status, 404);
  }));

test("later: the place that a 202 has named is never 404 before the outcome, whenever the process dies", async () => {
  const reached = { waiting: 0, afterCrash: 0, done: 0 };
  for (let seed = 1; seed <= 40; seed++) {
    await virtually(
      async (gateway) => {
        const { random } = gateway.world;
        const accepted = await gateway.post("/arrivals", { waitMs: Math.floor(random.next() * 200) }, early);
        let next = gateway;
        for (let looks = 0; looks < 8; looks++) {
          const crashed = random.next() < 0.4;
          if (crashed) next = await next.crash();
          const { status } = await next.request("GET", location(accepted));
          assert.ok(status === 202 || status === 200, `seed ${seed}: ${status}`);
          reached[status === 200 ? "done" : crashed ? "afterCrash" : "waiting"] += 1;
          await next.pause(random.next() * 60);
        }
      },
      {},
      seed,
    );
  }
  for (const [moment, times] of Object.entries(reached)) assert.ok(times > 0, `no seed reached "${moment}"`);
});
