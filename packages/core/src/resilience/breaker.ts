// The circuit breaker of one dependency, as a pure machine: no clock, no I/O; its driver (dependency.ts) brings the time and
// carries out the effects. The pattern is Nygard's ("Release It!"); the sliding window and its share are those of resilience4j
// and Polly, the operator's override is Polly's "isolate". Why so: ADR 0016.
//
// B1  It opens only on a failure, when at least `failures` calls failed within `withinMs` and no fewer failed than worked in
//     that time; then it opens at once. Time is counted in tenths: what is older than `withinMs` is certainly forgotten, what
//     is younger than nine tenths of it certainly counted.
// B2  Open, it refuses every call for `halfOpenAfterMs`. The first one after that is the probe; until the probe is settled the
//     others are refused.
// B3  The probe decides: it worked, closed, with nothing counted; it failed, open again for as long; it said nothing, the next
//     call is the probe.
// B4  It is never stuck: a probe that is not settled within `halfOpenAfterMs` is given up for the next call.
// B5  The outcome of a call that was admitted before the last turn, or of a probe that was given up, changes nothing.
// B6  Opened by an operator, it refuses every call until an operator closes it. Closed by one, it is closed, with nothing
//     counted, whatever it was before.
// B7  What it remembers is bounded: ten counts, whatever the load.
import { unreachable } from "../base/assert.ts";

export interface BreakerPolicy {
  readonly failures: number;
  readonly withinMs: number;
  readonly halfOpenAfterMs: number;
}

/** What a settled call says of its dependency: see verdict.ts. */
export type Verdict = "worked" | "failed" | "silent";

interface Count {
  /** Number of the tenth of the window. */
  readonly tenth: number;
  readonly failed: number;
  readonly worked: number;
}

export type BreakerState = {
  /** Of the calls that count now: rises with every turn and every probe. */
  readonly ticket: number;
} & (
  | { readonly kind: "closed"; readonly counts: readonly Count[] }
  /** With what was counted when it opened. */
  | { readonly kind: "open"; readonly sinceMs: number; readonly failed: number; readonly worked: number }
  /** `probeMs`: since when the probe is under way; undefined: the next call is the probe. */
  | { readonly kind: "half-open"; readonly probeMs: number | undefined }
  | { readonly kind: "forced-open" }
);

export type BreakerKind = BreakerState["kind"];

/** Times are those of a monotonic clock. */
export type BreakerInput =
  | { readonly kind: "ask"; readonly atMs: number }
  | { readonly kind: "settled"; readonly ticket: number; readonly verdict: Verdict; readonly atMs: number }
  | { readonly kind: "force-open" }
  | { readonly kind: "close" };

export type BreakerEffect =
  | { readonly kind: "admit"; readonly ticket: number }
  | { readonly kind: "refuse" }
  | { readonly kind: "turned"; readonly from: BreakerKind; readonly to: BreakerKind };

type Step = readonly [BreakerState, readonly BreakerEffect[]];

const windowParts = 10;
const none: readonly BreakerEffect[] = [];
const refused: readonly BreakerEffect[] = [{ kind: "refuse" }];

export const closedBreaker: BreakerState = { kind: "closed", ticket: 0, counts: [] };

export function stepBreaker(policy: BreakerPolicy, state: BreakerState, input: BreakerInput): Step {
  switch (input.kind) {
    case "ask":
      return ask(policy, state, input.atMs);
    case "settled":
      return input.ticket === state.ticket ? settled(policy, state, input.verdict, input.atMs) : [state, none];
    case "force-open":
      return state.kind === "forced-open" ? [state, none] : turn(state, { kind: "forced-open", ticket: state.ticket + 1 });
    case "close":
      return state.kind === "closed" ? [{ ...state, counts: [] }, none] : turn(state, closedAfter(state));
    default:
      return unreachable(input, "a breaker");
  }
}

/** Whether a call that asks now would be refused. */
export function isRefusing({ halfOpenAfterMs }: BreakerPolicy, state: BreakerState, atMs: number): boolean {
  switch (state.kind) {
    case "closed":
      return false;
    case "open":
      return atMs < state.sinceMs + halfOpenAfterMs;
    case "half-open":
      return state.probeMs !== undefined && atMs < state.probeMs + halfOpenAfterMs;
    case "forced-open":
      return true;
    default:
      return unreachable(state, "a breaker");
  }
}

/** How many of the calls that count at this time failed, and how many worked; open: when it opened. */
export function countedBy(policy: BreakerPolicy, state: BreakerState, atMs: number): { readonly failed: number; readonly worked: number } {
  if (state.kind === "open") return state;
  let [failed, worked] = [0, 0];
  for (const count of state.kind === "closed" ? current(state.counts, tenthOf(policy, atMs)) : []) {
    failed += count.failed;
    worked += count.worked;
  }
  return { failed, worked };
}

function ask(policy: BreakerPolicy, state: BreakerState, atMs: number): Step {
  if (isRefusing(policy, state, atMs)) return [state, refused];
  const { ticket } = state;
  if (state.kind === "closed") return [state, [{ kind: "admit", ticket }]];
  const probed: BreakerState = { kind: "half-open", ticket: ticket + 1, probeMs: atMs };
  const admitted: BreakerEffect = { kind: "admit", ticket: probed.ticket };
  if (state.kind === "half-open") return [probed, [admitted]];
  const [next, effects] = turn(state, probed);
  return [next, [...effects, admitted]];
}

function settled(policy: BreakerPolicy, state: BreakerState, verdict: Verdict, atMs: number): Step {
  switch (state.kind) {
    case "closed": {
      if (verdict === "silent") return [state, none];
      const next: BreakerState = { ...state, counts: counted(state.counts, tenthOf(policy, atMs), verdict) };
      if (verdict === "worked") return [next, none];
      const { failed, worked } = countedBy(policy, next, atMs);
      const opens = failed >= policy.failures && failed >= worked;
      return opens ? turn(state, openAfter(state, atMs, failed, worked)) : [next, none];
    }
    case "half-open":
      if (verdict === "silent") return [{ ...state, probeMs: undefined }, none];
      return turn(state, verdict === "worked" ? closedAfter(state) : openAfter(state, atMs, 1, 0));
    case "open":
    case "forced-open":
      return [state, none]; // it has admitted nobody since it turned
    default:
      return unreachable(state, "a breaker");
  }
}

const closedAfter = ({ ticket }: BreakerState): BreakerState => ({ kind: "closed", ticket: ticket + 1, counts: [] });
const openAfter = ({ ticket }: BreakerState, sinceMs: number, failed: number, worked: number): BreakerState => ({
  kind: "open",
  ticket: ticket + 1,
  sinceMs,
  failed,
  worked,
});
const turn = (from: BreakerState, to: BreakerState): Step => [to, [{ kind: "turned", from: from.kind, to: to.kind }]];

const tenthOf = ({ withinMs }: BreakerPolicy, atMs: number): number => Math.floor((atMs * windowParts) / withinMs);
const current = (counts: readonly Count[], tenth: number): readonly Count[] => counts.filter((count) => count.tenth > tenth - windowParts);

function counted(counts: readonly Count[], tenth: number, verdict: "worked" | "failed"): readonly Count[] {
  const last = counts.at(-1);
  if (last?.tenth !== tenth) return [...current(counts, tenth), { tenth, failed: 0, worked: 0, [verdict]: 1 }];
  return counts.with(counts.length - 1, { ...last, [verdict]: last[verdict] + 1 });
}
