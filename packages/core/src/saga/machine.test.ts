// The laws S1 to S6 of machine.ts, without any system: sagas on a stage whose process may die at every record.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import * as z from "zod";
import { Failure } from "../base/failure.ts";
import { contract } from "../contract/index.ts";
import { Theatre, turn, type TheatreHow } from "../../test/theatre.ts";
import { saga, type AnySaga } from "./definition.ts";
import type { SagaEvent } from "./event.ts";
import type { Asked } from "./stage.ts";

const Trip = contract("trip", {
  version: 1,
  key: z.string(),
  commands: {
    book: {
      out: z.json(),
      rejects: { Full: z.object({ left: z.int() }), Cancelled: z.object({ by: z.string() }), Late: z.object({}) },
    },
    approve: { in: z.object({ by: z.string() }) },
    cancel: { in: z.object({ by: z.string() }) },
  },
});
type Step = (name: string, act?: unknown, options?: unknown) => Promise<unknown>;
interface LooseRun {
  readonly step: Step;
  readonly now: number;
  sleep(name: string, duration: string): Promise<void>;
  signal(command: unknown, options: { readonly within: string }): Promise<{ readonly input: { readonly by: string } } | undefined>;
  on(command: unknown, react: (input: { readonly by: string }) => void): void;
  deadline(duration: string, otherwise?: () => never): void;
  random(): number;
  readonly reject: (name: string, details: unknown) => never;
}

const define = (run: (run: LooseRun, input: unknown) => unknown): AnySaga =>
  (saga as unknown as (command: unknown, version: number, run: unknown) => AnySaga)(Trip.book, 1, run);
const play = (run: (run: LooseRun, input: unknown) => unknown, how?: TheatreHow): Promise<Theatre> => new Theatre(define(run), how).play();
const act = (): Promise<undefined> => Promise.resolve(undefined);
const undo = { undo: act };
const kinds = (events: readonly SagaEvent[]): string[] =>
  events.map((event) => ("step" in event ? `${event.kind} ${event.step}/${event.n}` : event.kind));
const rejection = (name: string, details: unknown): Asked => ({ kind: "rejection", name, details });
const failure = (code: "DEADLINE" | "ACCESS_DENIED" | "UNAVAILABLE"): Asked => ({
  kind: "failure",
  failure: new Failure(code, { what: "no" }),
  acted: code === "DEADLINE",
});

const threeSteps = async (run: LooseRun): Promise<unknown> => {
  const a = await run.step("a", act, undo);
  const b = await run.step("b", act, undo);
  const c = await run.step("c", act, undo);
  return [a, b, c];
};

test("saga: three steps leave four records, the last step's result and the end in one", async () => {
  const { records, state, effects } = await play(threeSteps);
  assert.deepEqual(
    records.map((events) => kinds(events)),
    [["Started"], ["Done a/1"], ["Done b/1"], ["Done c/1", "Ended"]],
  );
  assert.deepEqual(state.outcome, { kind: "reply", reply: ["a/1", "b/1", "c/1"] });
  assert.deepEqual(effects, ["a/1", "b/1", "c/1"]);
});

test("saga: a rejection that its command declares ends it with that rejection, and undoes what was done, newest first", async () => {
  const { state, effects, records } = await play(threeSteps, {
    answer: (id) => (id === "c/1" ? rejection("Full", { left: 0 }) : undefined) as Asked,
  });
  assert.deepEqual(effects, ["a/1", "b/1", "b/1.undo", "a/1.undo"]);
  assert.deepEqual(state.outcome, { kind: "rejection", name: "Full", details: { left: 0 } });
  assert.deepEqual(kinds(records.at(-1) ?? []), ["Undone a/1", "Ended"]);
});

test("saga: a step whose outcome stays unknown counts as done: its undo runs, without a reply, and the saga fails", async () => {
  const undone: unknown[] = [];
  const { state, effects } = await play(
    async (run) => {
      await run.step("a", act, undo);
      await run.step("b", act, { undo: (_: unknown, reply: unknown) => void undone.push(reply) });
    },
    { answer: (id) => (id === "b/1" ? failure("DEADLINE") : undefined) as Asked },
  );
  assert.deepEqual(effects, ["a/1", "b/1.undo", "a/1.undo"]);
  assert.equal(state.outcome?.kind, "failure");
  assert.match(state.outcome?.kind === "failure" ? state.outcome.what : "", /step "b" was given up, its outcome unknown: No answer/);
});

test("saga: a step that certainly did not take place in all its tries is not undone, unless an earlier life may have tried", async () => {
  const how: TheatreHow = { answer: (id) => (id === "b/1" ? failure("UNAVAILABLE") : undefined) as Asked };
  assert.deepEqual((await play(threeSteps, how)).effects, ["a/1", "a/1.undo"]);
  const died = await play(threeSteps, { ...how, deaths: [{ at: 0, written: true }] });
  assert.deepEqual(died.effects, ["a/1", "b/1.undo", "a/1.undo"]);
});

test("saga: what cannot be undone becomes an apology with an owner and a time, and the others are undone all the same", async () => {
  const how: TheatreHow = {
    answer: (id) => (id === "c/1" ? rejection("Full", { left: 0 }) : id === "b/1.undo" ? failure("DEADLINE") : undefined) as Asked,
  };
  const { state, effects } = await play(threeSteps, how);
  assert.deepEqual(effects, ["a/1", "b/1", "a/1.undo"]);
  assert.equal(state.phase, "ended");
  const [apology, ...more] = state.apologies;
  assert.deepEqual(more, []);
  assert.deepEqual([apology?.step, apology?.owner, (apology?.due ?? 0) - (apology?.at ?? 0)], ["b", "owner", 7 * 86_400_000]);
});

test("saga: a step that can never be carried out parks the saga, and says why", async () => {
  const { state, effects } = await play(threeSteps, { answer: (id) => (id === "b/1" ? failure("ACCESS_DENIED") : undefined) as Asked });
  assert.deepEqual([state.phase, effects], ["parked", ["a/1"]]);
  assert.match(state.parked ?? "", /^step "b" cannot be carried out: The caller may not call/);
});

test("saga: a rejection that is answered goes on, and the step has nothing to undo", async () => {
  const { state, effects } = await play(
    async (run) => {
      const a = await run.step("a", act, { undo: act, rejected: { Taken: (details: { n: number }) => details.n } });
      return run.step("b", act).then((b) => [a, b]);
    },
    { answer: (id) => (id === "a/1" ? rejection("Taken", { n: 7 }) : undefined) as Asked },
  );
  assert.deepEqual(state.outcome, { kind: "reply", reply: [7, "b/1"] });
  assert.deepEqual(effects, ["b/1"]);
});

test("saga: of steps side by side one is rejected: the others' outcomes are awaited, then all that was done is undone", async () => {
  const { state, effects, hurried } = await play(
    async (run) => {
      await Promise.all([run.step("a", act, undo), run.step("b", act, undo), run.step("c", act, undo)]);
      await run.step("never", act);
    },
    {
      answer: (id) => (id === "b/1" ? rejection("Full", { left: 1 }) : undefined) as Asked,
      delay: (id) => (id === "c/1" ? 9 : id === "a/1" ? 3 : 0),
    },
  );
  assert.deepEqual(effects, ["a/1", "c/1", "c/1.undo", "a/1.undo"]);
  assert.deepEqual(hurried, ["a/1", "c/1"]);
  assert.equal(state.outcome?.kind, "rejection");
});

test("saga: a name that comes again is counted, and each time has an id of its own", async () => {
  const { asks } = await play(async (run) => {
    for (let i = 0; i < 3; i++) await run.step("again", act);
  });
  assert.deepEqual(
    asks.map(({ id }) => id),
    ["again/1", "again/2", "again/3"],
  );
});

test("saga: a sleep outlives any death and ends at its time, and the journal alone brings the saga there", async () => {
  const theatre = new Theatre(
    define(async (run) => {
      await run.step("a", act);
      await run.sleep("night", "8h");
      return run.now;
    }),
  );
  theatre.onIdle = () => {
    assert.deepEqual([theatre.state.phase, theatre.state.wakeAt], ["suspended", (theatre.state.entries[0]?.at as number) + 8 * 3_600_000]);
    theatre.pass(theatre.lives < 4 ? 3_600_000 : 8 * 3_600_000);
  };
  const { state } = await theatre.play();
  const woke = state.entries.find(({ kind }) => kind === "Woke")?.at;
  assert.deepEqual(state.outcome, { kind: "reply", reply: woke });
  assert.ok((woke ?? 0) >= 8 * 3_600_000);
  assert.ok(theatre.lives >= 4);
});

test("saga: a signal is heard once, in order, also one that comes before it is asked for; without one the wait ends", async () => {
  const theatre = new Theatre(
    define(async (run) => {
      await run.sleep("first", "1h");
      const answers = [];
      for (let i = 0; i < 3; i++) answers.push((await run.signal(Trip.approve, { within: "1h" }))?.input.by);
      return answers.map((by) => by ?? "nobody");
    }),
    { rehearse: false },
  );
  let idles = 0;
  theatre.onIdle = () => {
    idles += 1;
    if (idles === 1) theatre.outside({ kind: "Signalled", at: theatre.now, signal: "approve", input: { by: "early" } });
    else if (idles === 2) theatre.pass(3_600_000);
    else if (idles === 3) theatre.outside({ kind: "Signalled", at: theatre.now, signal: "approve", input: { by: "late" } });
    else theatre.pass(3_600_000);
  };
  const { state } = await theatre.play();
  assert.deepEqual(state.outcome, { kind: "reply", reply: ["early", "late", "nobody"] });
});

test("saga: a command it reacts to cancels it while a step is under way; nothing new is asked, and what was done is undone", async () => {
  const theatre = new Theatre(
    define(async (run) => {
      run.on(Trip.cancel, ({ by }) => run.reject("Cancelled", { by }));
      await run.step("a", act, undo);
      await run.step("b", act, undo);
      await run.step("c", act, undo);
    }),
    { delay: (id) => (id === "b/1" ? 20 : 0) },
  );
  const playing = theatre.play();
  while (!theatre.asks.some(({ id }) => id === "b/1")) await turn();
  theatre.outside({ kind: "Signalled", at: theatre.now, signal: "cancel", input: { by: "anna" } });
  const { state, effects } = await playing;
  assert.deepEqual(effects, ["a/1", "b/1", "b/1.undo", "a/1.undo"]);
  assert.deepEqual(state.outcome, { kind: "rejection", name: "Cancelled", details: { by: "anna" } });
});

test("saga: a deadline ends it with what it rejects, or as a failure, and what was done is undone", async () => {
  for (const otherwise of [true, false]) {
    const theatre = new Theatre(
      define(async (run) => {
        run.deadline("2h", otherwise ? () => run.reject("Late", {}) : undefined);
        await run.step("a", act, undo);
        await run.sleep("long", "5h");
      }),
    );
    theatre.onIdle = () => theatre.pass(3_600_000);
    const { state, effects } = await theatre.play();
    assert.deepEqual(effects, ["a/1", "a/1.undo"]);
    assert.deepEqual(
      state.outcome,
      otherwise ? { kind: "rejection", name: "Late", details: {} } : { kind: "failure", what: "its deadline has passed" },
    );
  }
});

test("saga: an operator's abandonment stops what is tried, undoes what was done, and apologises for what cannot be", async () => {
  const theatre = new Theatre(define(threeSteps), { answer: (id) => (id === "c/1" ? failure("ACCESS_DENIED") : undefined) as Asked });
  await theatre.play();
  assert.equal(theatre.state.phase, "parked");
  const again = new Theatre(define(async (run) => run.step("a", act, undo)));
  again.records.push(...theatre.records, [{ kind: "Abandoned", at: theatre.now, why: "enough" }]);
  const over = Promise.withResolvers<void>();
  again.onIdle = () => over.resolve();
  again.die();
  while (again.state.phase !== "ended") await turn();
  assert.deepEqual(again.effects, ["a/1.undo"]);
  assert.deepEqual(
    again.state.apologies.map(({ step }) => step),
    ["b"],
  );
  assert.deepEqual(again.state.outcome, { kind: "failure", what: "an operator abandoned it: enough" });
});

test("saga: what a definition may not do parks it with the reason, and nothing is asked twice", async () => {
  let flips = 0;
  const wrong: readonly (readonly [run: (run: LooseRun) => unknown, why: RegExp, how?: TheatreHow])[] = [
    [() => Promise.reject(new TypeError("broke")), /its definition threw: broke/],
    [async (run) => void run.step("a", act), /returned while step "a" was under way/],
    [async () => (await turn(), await turn()), /waits for something that is neither/],
    [async (run) => run.step(`a${(flips += 1)}`, act), /not deterministic: played again, it came to step a2\/1 instead of step a1\/1/],
    [
      async (run) => ((await run.step("a", act)) as string) + String((flips += 1)),
      /not deterministic: played again, it came to \{"kind":"reply"/,
    ],
    [async (run) => run.step("", act), /the name of a step or sleep is a text of 1 to 190/],
    [async (run) => run.sleep("a", "9 weeks"), /"9 weeks" is not a duration/],
    [async () => () => 1, /trip\.book reply\): Invalid input/],
    [async (run) => run.signal(Trip.book, { within: "1s" }), /trip\.book is no signal of this saga/],
    [
      async (run) => run.step("a", act),
      /step "a" was rejected with Odd, which the saga neither declares nor answers/,
      { answer: () => rejection("Odd", {}) },
    ],
  ];
  for (const [run, why, how] of wrong) {
    const { state } = await play(run, how);
    assert.equal(state.phase, "parked", String(why));
    assert.match(state.parked ?? "", why);
  }
});

test("saga: catching what run.reject throws catches nothing: the first ending stands", async () => {
  const { state } = await play(async (run) => {
    await run.step("a", act, undo);
    try {
      run.reject("Full", { left: 3 });
    } catch {
      await run.step("b", act);
    }
    return "swallowed";
  });
  assert.deepEqual(state.outcome, { kind: "rejection", name: "Full", details: { left: 3 } });
});

test("saga: chance and time are the same on every replay", async () => {
  const drawn: number[][] = [];
  const { state } = await play(
    async (run) => {
      const numbers = [run.random(), run.now];
      await run.step("a", act);
      numbers.push(run.random(), run.now);
      drawn.push(numbers);
      return numbers;
    },
    { deaths: [{ at: 1, written: false }] },
  );
  assert.equal(state.phase, "ended");
  assert.ok(drawn.length >= 2);
  for (const numbers of drawn) assert.deepEqual(numbers, drawn[0]);
});

// ── any saga, any death ──────────────────────────────────────────────────────────────────────────────────────────────

type Plan = readonly (readonly {
  readonly name: string;
  readonly outcome: "reply" | "rejected" | "answered" | "unknown";
  readonly undo: "works" | "fails" | "none";
}[])[];

const plans: fc.Arbitrary<Plan> = fc.array(
  fc.array(
    fc.record({
      name: fc.constantFrom("a", "b", "c"),
      outcome: fc.constantFrom("reply", "reply", "reply", "rejected", "answered", "unknown"),
      undo: fc.constantFrom("works", "works", "fails", "none"),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  { minLength: 1, maxLength: 4 },
);

const deathsOf: fc.Arbitrary<TheatreHow["deaths"]> = fc.array(fc.record({ at: fc.nat(12), written: fc.boolean() }), { maxLength: 4 });

/** Stages one after the other, each a number of steps side by side, named by place so that the answers can be told. */
const planned =
  (plan: Plan) =>
  async (run: LooseRun): Promise<unknown> => {
    const replies: unknown[] = [];
    for (const [i, stage] of plan.entries()) {
      const steps = stage.map(({ name, undo: how }, j) => {
        const answered = { rejected: { Taken: () => "answered" } };
        return run.step(`${name}${i}.${j}`, act, how === "none" ? answered : { ...answered, undo: act });
      });
      replies.push(await Promise.all(steps));
    }
    return replies;
  };

test("saga: whatever its steps come to and whenever its process dies, it ends, each id is applied once and minted once, nothing leaves before what it rests on, and undo runs in reverse", async () => {
  await fc.assert(
    fc.asyncProperty(plans, deathsOf, fc.array(fc.nat(4), { minLength: 8, maxLength: 8 }), async (plan, deaths, delays) => {
      const partOf = (id: string): Plan[number][number] | undefined => {
        const [, i, j] = /^\D+(\d+)\.(\d+)\//.exec(id) ?? [];
        return plan[Number(i)]?.[Number(j)];
      };
      const answer = (id: string): Asked => {
        const part = partOf(id);
        if (id.endsWith(".undo")) return part?.undo === "fails" ? failure("DEADLINE") : { kind: "reply", reply: id };
        if (part?.outcome === "rejected") return rejection("Full", { left: 0 });
        if (part?.outcome === "answered") return rejection("Taken", {});
        return part?.outcome === "unknown" ? failure("DEADLINE") : { kind: "reply", reply: id };
      };
      const delay = (id: string): number => delays[id.length % delays.length] ?? 0;
      const theatre = await play(planned(plan), { answer, delay, deaths: deaths ?? [] });
      const { state, effects, asks, journal } = theatre;
      assert.equal(state.phase, "ended", state.parked ?? "");
      assert.equal(new Set(effects).size, effects.length);
      const minted = new Map<string, number>();
      for (const ask of asks) {
        assert.equal(minted.get(ask.id) ?? ask.minted, ask.minted, `${ask.id} was minted twice (S1)`);
        minted.set(ask.id, ask.minted);
        if (ask.id.endsWith(".undo"))
          assert.ok(
            ask.durable.some(({ kind }) => kind === "Turned"),
            "an undo leaves after the turn (S2)",
          );
        const stage = Number(/^\D+(\d+)\./.exec(ask.id)?.[1]);
        if (ask.id.endsWith(".undo")) continue;
        const before = ask.durable.filter((event) => "step" in event && Number(/^\D+(\d+)\./.exec(event.step)?.[1]) === stage - 1);
        if (stage > 0)
          assert.equal(before.length, plan[stage - 1]?.length, `${ask.id} left before the results it rests on were on disk (S2)`);
      }
      const done = journal.flatMap((event) => (event.kind === "Done" || event.kind === "Failed" ? [`${event.step}/${event.n}`] : []));
      const turned = state.cause !== null;
      const toUndo = turned ? done.toReversed().filter((id) => partOf(id)?.undo !== "none") : [];
      const over = journal.flatMap((event) => (event.kind === "Undone" || event.kind === "Apologised" ? [`${event.step}/${event.n}`] : []));
      assert.deepEqual(over, toUndo, "undo in reverse order, each once (S4)");
      const ends = plan.flat().some(({ outcome }) => outcome === "rejected" || outcome === "unknown");
      assert.equal(turned, ends);
    }),
    { numRuns: 300 },
  );
});
