// Transcripts of the breaker's turns, and its laws against a model that remembers every call.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  closedBreaker,
  countedBy,
  isRefusing,
  stepBreaker,
  type BreakerInput,
  type BreakerPolicy,
  type BreakerState,
  type Verdict,
} from "./breaker.ts";

const policy: BreakerPolicy = { failures: 3, withinMs: 1_000, halfOpenAfterMs: 500 };

/** Plays `N ask`, `N worked TICKET`, `N failed TICKET`, `N silent TICKET`, `N force-open`, `N close`; a line each, with what came of it. */
function transcript(script: string, of = policy): string {
  let state: BreakerState = closedBreaker;
  return script
    .trim()
    .split("\n")
    .map((line) => {
      const [at = "", what = "", ticket = ""] = line.split("->")[0]?.trim().split(/\s+/) ?? [];
      const atMs = Number(at);
      const input: BreakerInput =
        what === "ask"
          ? { kind: "ask", atMs }
          : what === "force-open" || what === "close"
            ? { kind: what }
            : { kind: "settled", ticket: Number(ticket), verdict: what as Verdict, atMs };
      const [next, effects] = stepBreaker(of, state, input);
      state = next;
      const said = effects.map((effect) =>
        effect.kind === "admit" ? `admit ${effect.ticket}` : effect.kind === "turned" ? `${effect.from} to ${effect.to}` : effect.kind,
      );
      return `${[at, what, ticket].filter((word) => word !== "").join(" ")} -> ${said.join(", ") || "nothing"}`;
    })
    .join("\n");
}

/** Each line says what must come of it. */
function holds(script: string, of?: BreakerPolicy): void {
  const expected = script
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .join("\n");
  assert.equal(transcript(expected, of), expected);
}

test("breaker: it opens with the failure that reaches the bound, and refuses until halfOpenAfter is over (B1, B2)", () =>
  holds(`
    0 ask -> admit 0
    0 ask -> admit 0
    0 ask -> admit 0
    10 failed 0 -> nothing
    20 failed 0 -> nothing
    30 failed 0 -> closed to open
    30 ask -> refuse
    529 ask -> refuse
    530 ask -> open to half-open, admit 2
    530 ask -> refuse
  `));

test("breaker: a probe that worked closes it with nothing counted, one that failed opens it for as long again (B3)", () =>
  holds(`
    0 failed 0 -> nothing
    0 failed 0 -> nothing
    0 failed 0 -> closed to open
    500 ask -> open to half-open, admit 2
    600 failed 2 -> half-open to open
    1099 ask -> refuse
    1100 ask -> open to half-open, admit 4
    1150 worked 4 -> half-open to closed
    1150 ask -> admit 5
    1160 failed 5 -> nothing
    1160 failed 5 -> nothing
    1160 failed 5 -> closed to open
  `));

test("breaker: a probe that said nothing leaves the place to the next call (B3)", () =>
  holds(`
    0 failed 0 -> nothing
    0 failed 0 -> nothing
    0 failed 0 -> closed to open
    500 ask -> open to half-open, admit 2
    510 silent 2 -> nothing
    510 ask -> admit 3
    520 ask -> refuse
    530 worked 3 -> half-open to closed
  `));

test("breaker: a probe that is never settled does not block it; what it says later changes nothing (B4, B5)", () =>
  holds(`
    0 failed 0 -> nothing
    0 failed 0 -> nothing
    0 failed 0 -> closed to open
    500 ask -> open to half-open, admit 2
    999 ask -> refuse
    1000 ask -> admit 3
    1010 failed 2 -> nothing
    1010 worked 2 -> nothing
    1020 worked 3 -> half-open to closed
  `));

test("breaker: outcomes of calls from before the last turn neither close nor open it (B5)", () =>
  holds(`
    0 ask -> admit 0
    0 failed 0 -> nothing
    0 failed 0 -> nothing
    0 failed 0 -> closed to open
    10 worked 0 -> nothing
    500 ask -> open to half-open, admit 2
    510 failed 0 -> nothing
    520 worked 0 -> nothing
    530 worked 2 -> half-open to closed
    540 failed 0 -> nothing
    540 failed 2 -> nothing
    540 failed 0 -> nothing
    540 ask -> admit 3
  `));

test("breaker: opened by an operator it refuses for ever, whatever is settled, until an operator closes it (B6)", () =>
  holds(`
    0 ask -> admit 0
    0 force-open -> closed to forced-open
    0 force-open -> nothing
    10 worked 0 -> nothing
    100000000 ask -> refuse
    100000000 close -> forced-open to closed
    100000000 ask -> admit 2
    100000000 failed 2 -> nothing
    100000000 failed 2 -> nothing
    100000000 close -> nothing
    100000000 failed 2 -> nothing
  `));

test("breaker: an operator closes and cuts off an open one and one with a probe under way (B6)", () => {
  const opened = "0 failed 0 -> nothing\n0 failed 0 -> nothing\n0 failed 0 -> closed to open\n";
  holds(`${opened}10 close -> open to closed\n10 ask -> admit 2`);
  holds(`${opened}10 force-open -> open to forced-open\n600 ask -> refuse`);
  holds(`${opened}500 ask -> open to half-open, admit 2\n510 close -> half-open to closed\n520 failed 2 -> nothing\n520 ask -> admit 3`);
  holds(
    `${opened}500 ask -> open to half-open, admit 2\n510 force-open -> half-open to forced-open\n520 worked 2 -> nothing\n900 ask -> refuse`,
  );
});

test("breaker: failures among more that worked do not open it; they do once they are half of all (B1)", () =>
  holds(
    `
    0 worked 0 -> nothing
    0 worked 0 -> nothing
    0 worked 0 -> nothing
    0 failed 0 -> nothing
    0 failed 0 -> nothing
    0 failed 0 -> closed to open
    `,
    { ...policy, failures: 2 },
  ));

type Settled = { readonly afterMs: number; readonly verdict: Verdict };
const settledCalls = fc.array(
  fc.record<Settled>({ afterMs: fc.integer({ min: 0, max: 400 }), verdict: fc.constantFrom("failed", "failed", "worked", "silent") }),
  { minLength: 1, maxLength: 80 },
);
const policies = fc.record<BreakerPolicy>({
  failures: fc.integer({ min: 1, max: 5 }),
  withinMs: fc.integer({ min: 1, max: 1_500 }),
  halfOpenAfterMs: fc.integer({ min: 1, max: 600 }),
});

test("breaker: while closed it opens exactly on the failures that B1 says, give or take a tenth of the window; it remembers ten counts (B1, B7)", () => {
  fc.assert(
    fc.property(policies, settledCalls, (of, calls) => {
      let state: BreakerState = closedBreaker;
      let atMs = 0;
      const all: { readonly atMs: number; readonly verdict: Verdict }[] = [];
      for (const { afterMs, verdict } of calls) {
        atMs += afterMs;
        all.push({ atMs, verdict });
        const seen = (kind: Verdict, agoMs: number): number =>
          all.filter((call) => call.verdict === kind && atMs - call.atMs < agoMs).length;
        const counted = countedBy(
          of,
          stepBreaker({ ...of, failures: Number.MAX_SAFE_INTEGER }, state, { kind: "settled", ticket: 0, verdict, atMs })[0],
          atMs,
        );
        for (const kind of ["failed", "worked"] as const) {
          assert.ok(counted[kind] <= seen(kind, of.withinMs), `${kind}: older than the window`);
          assert.ok(counted[kind] >= seen(kind, of.withinMs * 0.9), `${kind}: forgotten too early`);
        }
        [state] = stepBreaker(of, state, { kind: "settled", ticket: 0, verdict, atMs });
        const must = verdict === "failed" && counted.failed >= of.failures && counted.failed >= counted.worked;
        assert.equal(state.kind, must ? "open" : "closed");
        if (state.kind !== "closed") return;
        assert.ok(state.counts.length <= 10);
      }
    }),
    { seed: 16, numRuns: 500 },
  );
});

test("breaker: after any history one call in halfOpenAfter gets through at least, and while it is not closed one at most (B2, B4)", () => {
  type Act = { readonly afterMs: number; readonly what: "ask" | "force-open" | "close" | Verdict };
  const acts = fc.array(
    fc.record<Act>({
      afterMs: fc.integer({ min: 0, max: 300 }),
      what: fc.constantFrom("ask", "ask", "ask", "failed", "failed", "worked", "silent", "force-open", "close"),
    }),
    { maxLength: 120 },
  );
  fc.assert(
    fc.property(policies, acts, (of, script) => {
      let state: BreakerState = closedBreaker;
      let [atMs, ticket, admittedMs] = [0, 0, Number.NEGATIVE_INFINITY];
      for (const { afterMs, what } of script) {
        atMs += afterMs;
        const before: BreakerState = state;
        const input: BreakerInput =
          what === "ask"
            ? { kind: "ask", atMs }
            : what === "force-open" || what === "close"
              ? { kind: what }
              : { kind: "settled", ticket, verdict: what, atMs };
        const [next, effects] = stepBreaker(of, state, input);
        state = next;
        const admitted = effects.find((effect) => effect.kind === "admit");
        if (what !== "ask") continue;
        assert.equal(admitted === undefined, isRefusing(of, before, atMs));
        if (admitted?.kind !== "admit") {
          if (before.kind === "half-open") assert.ok(atMs - admittedMs < of.halfOpenAfterMs, "stuck behind a probe");
          continue;
        }
        if (before.kind === "half-open" && before.probeMs !== undefined) assert.ok(atMs - admittedMs >= of.halfOpenAfterMs, "two probes");
        assert.notEqual(before.kind, "forced-open");
        if (before.kind !== "closed") assert.ok(admitted.ticket > ticket, "a probe has a ticket of its own");
        [ticket, admittedMs] = [admitted.ticket, atMs];
      }
      if (state.kind !== "forced-open") assert.ok(!isRefusing(of, state, atMs + of.halfOpenAfterMs));
    }),
    { seed: 16, numRuns: 500 },
  );
});
