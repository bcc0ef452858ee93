// What is done later because of a request is of its trace: through the log, after a crash, over links.
//
//  K1  told        What a handler tells has the trace and the span of that handler's run, whenever it is delivered.
//  K2  reactions   What a subscription tells because of a message has the trace of the command that published it, and a span of its own.
//  K3  sagas       Steps and undos of a saga have the trace of its start, also after it slept through a restart.
//  K4  accepted    A request that was answered 202 is carried out in its trace by whichever process does it.
//  K5  no trace    What began without one goes on without one.
//  K6  no input    A command repeated under its id in another trace is the same command: nothing is told twice, nothing is refused.
//  K7  plain       What a plain handler asks has the trace of its own request, whatever else is under way.
//  K8  letters     A dead letter that is sent again has the trace in which it was told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { placedRecords } from "@atoll/core/journal/simulated";
import type { Booted } from "@atoll/core/system";
import { inRing } from "../../packages/core/test/virtual-ring.ts";
import { virtually } from "../../packages/core/test/virtual-system.ts";
import { byName, Desk, idOf, Note, remembered, shown, span, Stage, traceparent } from "./remembered.ts";

const spanOf = (trace: string | undefined): string | undefined => trace?.slice(36, 52);

interface Trial {
  readonly stage: Stage;
  readonly booted: (service: string) => Booted;
  inside<T>(act: () => Promise<T>): Promise<T>;
  post(path: string, headers?: Record<string, string>): Promise<number>;
  pause(ms: number): Promise<void>;
}

async function sent({ gateway: edge }: Booted, path: string, headers: Record<string, string>): Promise<number> {
  assert(edge);
  const response = await edge.fetch(new Request(`http://trial${path}`, { method: "POST", headers }));
  await response.text();
  return response.status;
}

const forms: Record<string, (scenario: (trial: Trial) => Promise<void>) => Promise<void>> = {
  "in one process": async (scenario) => {
    const stage = new Stage(true);
    const traced = remembered(stage);
    await traced.gateway?.load?.();
    await virtually(traced, ({ booted, inside, pause }) =>
      scenario({
        stage,
        booted: () => booted,
        inside,
        pause,
        post: (path, headers = {}) => inside(() => sent(booted, path, headers)),
      }),
    );
  },
  "over links": async (scenario) => {
    const stage = new Stage(true);
    const traced = remembered(stage);
    await traced.gateway?.load?.();
    await inRing(traced, async (ring) => {
      const nodes = new Map<string, Booted>();
      for (const name of ["back", "notes", "desk", "readers", "trips", "gateway"]) nodes.set(name, await ring.up(name));
      const booted = (name: string): Booted => nodes.get(name) as Booted;
      await scenario({
        stage,
        booted,
        inside: (act) => ring.inside(act),
        pause: (ms) => ring.pause(ms),
        post: (path, headers = {}) => ring.inside(() => sent(booted("gateway"), path, headers)),
      });
    });
  },
};

/** Sends all of them again: what became of each. */
async function allAgain(letters: ReturnType<Booted["deadLetters"]>): Promise<readonly unknown[]> {
  assert(letters);
  const parked = await letters.list(undefined);
  return Promise.all(parked.map(async ({ stream, place }) => (await letters.retry(stream, place))?.kind));
}

for (const [where, run] of Object.entries(forms)) {
  test(`stored trace, ${where}: K1 what a handler tells comes in the trace of its run`, () =>
    run(async ({ post, pause, stage: { runs } }) => {
      assert.equal(await post("/told", { traceparent: traceparent(1) }), 204);
      await pause(1_000);
      assert.deepEqual(shown(runs), [
        ["desk", idOf(1), "01"],
        ["told", idOf(1), "01"],
      ]);
      assert.equal(new Set([span, ...runs.map(({ trace }) => spanOf(trace))]).size, 3);
    }));

  test(`stored trace, ${where}: K2 what is told because of a message comes in the trace of the command that published it, and of the one that told that`, () =>
    run(async ({ post, pause, stage: { runs } }) => {
      assert.equal(await post("/notes/a", { traceparent: traceparent(2) }), 204);
      await pause(1_000);
      assert.deepEqual(shown(runs), [
        ["noted 1", idOf(2), "01"],
        ["noted 2", idOf(2), "01"],
      ]);
      runs.length = 0;
      assert.equal(await post("/told-note", { traceparent: traceparent(3) }), 204);
      await pause(1_000);
      assert.deepEqual(shown(runs), [
        ["desk", idOf(3), "01"],
        ["note 1", idOf(3), "01"],
        ["note 2", idOf(3), "01"],
      ]);
    }));

  test(`stored trace, ${where}: K8 a dead letter that is sent again comes in the trace in which it was told, by a span of its own where a subscription did`, () =>
    run(async ({ booted, inside, post, pause, stage }) => {
      stage.refuses = true;
      assert.equal(await post("/told", { traceparent: traceparent(1) }), 204);
      assert.equal(await post("/notes/a", { traceparent: traceparent(2) }), 204);
      await inside(() => booted("desk").at(Desk).tell("untraced"));
      await pause(1_000);
      const [teller] = stage.runs.splice(0);
      stage.refuses = false;
      for (const name of ["desk", "readers"])
        assert.deepEqual(await inside(() => allAgain(booted(name).deadLetters(name))), ["answered", "answered"]);
      assert.deepEqual(
        byName(stage.runs).map(({ who, trace }) => [who, trace?.slice(3, 35)]),
        [
          ["noted 1", idOf(2)],
          ["noted 2", idOf(2)],
          ["told", idOf(1)],
          ["untraced", undefined],
        ],
      );
      assert.equal(new Set([span, ...[teller, ...stage.runs].map((one) => spanOf(one?.trace))]).size, 6);
    }));

  test(`stored trace, ${where}: K5 what an operator asks makes others go on without a trace`, () =>
    run(async ({ booted, inside, pause, stage: { runs } }) => {
      await inside(() => booted("notes").at(Note, "a").write("noted"));
      await inside(() => booted("desk").at(Desk).tell("told"));
      await pause(1_000);
      assert.deepEqual(
        byName(runs),
        ["desk", "noted 1", "noted 2", "told"].map((who) => ({ who, trace: undefined })),
      );
    }));

  test(`stored trace, ${where}: K7 what plain handlers ask is each in the trace of its own request, or in one begun for it`, () =>
    run(async ({ post, pause, stage: { runs } }) => {
      const statuses = await Promise.all([
        post("/plain/a", { traceparent: traceparent(1) }),
        post("/plain/b", { traceparent: traceparent(2) }),
        post("/plain/c"),
      ]);
      assert.deepEqual(statuses, [204, 204, 204]);
      await pause(1_000);
      const tracesOf = (who: string): readonly string[] => [
        ...new Set(runs.flatMap((one) => (one.who.startsWith(who) ? [one.trace?.slice(3, 35) ?? "none"] : []))),
      ];
      assert.deepEqual([tracesOf("a "), tracesOf("b ")], [[idOf(1)], [idOf(2)]]);
      assert.equal(tracesOf("c ").length, 1);
      assert(![idOf(1), idOf(2), "none"].includes(tracesOf("c ")[0] as string));
      assert.equal(runs.filter(({ who }) => who !== "desk").length, 9);
    }));
}

test("stored trace: K1, K2 what was told before a crash and arrives after it comes in the trace of its teller", async () => {
  const stage = new Stage(false);
  const traced = remembered(stage);
  await traced.gateway?.load?.();
  await virtually(traced, async (first) => {
    const post = (path: string, n: number): Promise<number> =>
      first.inside(() => sent(first.booted, path, { traceparent: traceparent(n) }));
    assert.equal(await post("/told", 1), 204);
    assert.equal(await post("/notes/a", 2), 204);
    await first.pause(500);
    assert.deepEqual(shown(stage.runs), [["desk", idOf(1), "01"]]);
    const [recorded] = placedRecords(first.disk.rows("desk"));
    assert.equal(recorded?.record.trace, stage.runs[0]?.trace, "that of the handler's own run");
    const second = await first.restart();
    stage.open = true;
    await second.pause(20_000);
    assert.deepEqual(shown(byName(stage.runs.slice(1))), [
      ["noted 1", idOf(2), "01"],
      ["noted 2", idOf(2), "01"],
      ["told", idOf(1), "01"],
    ]);
  });
});

test("stored trace: K3 a saga that slept through a restart goes on, and is undone, in the trace of its start", async () => {
  const stage = new Stage(true);
  const traced = remembered(stage);
  await traced.gateway?.load?.();
  await virtually(traced, async (first) => {
    assert.equal(await first.inside(() => sent(first.booted, "/trips/a", { traceparent: traceparent(1), prefer: "respond-async" })), 202);
    await first.pause(1_000);
    const second = await first.restart();
    await second.pause(60_000);
    assert.deepEqual(
      shown(stage.runs),
      ["out", "home", "undo"].map((who) => [who, idOf(1), "01"]),
    );
    assert.equal(new Set(stage.runs.map(({ trace }) => spanOf(trace))).size, 3);
  });
});

test("stored trace: K4 a request that was accepted and not done before a crash is carried out in its trace", async () => {
  const stage = new Stage(false);
  const traced = remembered(stage);
  await traced.gateway?.load?.();
  await virtually(traced, async (first) => {
    assert.equal(await first.inside(() => sent(first.booted, "/later", { traceparent: traceparent(1), prefer: "respond-async" })), 202);
    await first.pause(100);
    const second = await first.restart();
    stage.open = true;
    await second.pause(60_000);
    assert.deepEqual(shown(stage.runs), [["accepted", idOf(1), "01"]]);
  });
});

test("stored trace: K6 a handler's command that is repeated in another trace has told what it told, in the first one", async () => {
  const stage = new Stage(true);
  const traced = remembered(stage);
  await traced.gateway?.load?.();
  await virtually(traced, async ({ booted, inside, pause }) => {
    for (const n of [1, 2]) assert.equal(await inside(() => sent(booted, "/repeated", { traceparent: traceparent(n) })), 204);
    await pause(1_000);
    assert.deepEqual(shown(stage.runs), [
      ["desk", idOf(1), "01"],
      ["told", idOf(1), "01"],
      ["desk", idOf(2), "01"],
    ]);
  });
});
