// The folded journal of one saga. Pure: what the runtime of sagas, the simulator and the testkit all agree on.
import { unreachable } from "../base/assert.ts";
import { idText, type Cause, type Entry, type SagaEvent, type StepId } from "./event.ts";

/** An undo that could not be carried out: somebody owes somebody an apology, until `due`. */
export interface Apology extends StepId {
  readonly at: number;
  readonly why: string;
  readonly owner: string;
  /** Wall clock, ms. */
  readonly due: number;
  readonly resolved: { readonly at: number; readonly note: string } | null;
}

export type Outcome =
  | { readonly kind: "reply"; readonly reply?: unknown }
  | { readonly kind: "rejection"; readonly name: string; readonly details: unknown }
  | { readonly kind: "failure"; readonly what: string };

/** Where a saga is. */
export type Phase =
  | "none"
  | "running"
  /** Only waits, until `wakeAt`. */
  | "suspended"
  | "undoing"
  /** Cannot go on by itself; an operator retries or abandons it. */
  | "parked"
  | "ended";

export interface SagaState {
  readonly phase: Phase;
  /** Identity; command ids begin with it. */
  readonly run: string;
  /** Of the definition that it runs by, to its end. */
  readonly version: number;
  readonly input?: unknown;
  readonly caller: string;
  /** The `traceparent` of the call that started it (ADR 0041). */
  readonly trace?: string;
  readonly startedAt: number;
  /** Time of the newest event. */
  readonly at: number;
  readonly entries: readonly Entry[];
  readonly wakeAt: number | null;
  readonly cause: Cause | null;
  readonly turnedAt: number;
  readonly undone: readonly (StepId & { readonly at: number })[];
  readonly apologies: readonly Apology[];
  /** Why it is parked. */
  readonly parked: string | null;
  readonly outcome: Outcome | null;
}

export const unstarted: SagaState = {
  phase: "none",
  run: "",
  version: 0,
  caller: "",
  startedAt: 0,
  at: 0,
  entries: [],
  wakeAt: null,
  cause: null,
  turnedAt: 0,
  undone: [],
  apologies: [],
  parked: null,
  outcome: null,
};

/** `caller`: of the command that left the event. */
export function evolve(state: SagaState, event: SagaEvent, caller: string): SagaState {
  const { at } = event;
  switch (event.kind) {
    case "Started": {
      const { run, version, input, trace } = event;
      const given = { ...(input === undefined ? {} : { input }), ...(trace === undefined ? {} : { trace }) };
      return { ...unstarted, phase: "running", run, version, ...given, caller, startedAt: at, at };
    }
    case "Abandoned":
      return going(state, at, [...state.entries, event]);
    case "Signalled":
      if (state.phase === "parked" || state.phase === "ended") return { ...state, entries: [...state.entries, event] };
      return going(state, at, [...state.entries, event]);
    case "Done":
    case "Rejected":
    case "Failed":
    case "Woke":
    case "TimedOut":
    case "Expired":
      return going(state, at, [...state.entries, event]);
    case "Suspended":
      return { ...state, phase: "suspended", at, wakeAt: event.until };
    case "Turned":
      return { ...state, phase: "undoing", at, wakeAt: null, cause: event.cause, turnedAt: at };
    case "Undone":
      return { ...state, at, undone: [...state.undone, { step: event.step, n: event.n, at }] };
    case "Apologised": {
      const { step, n, why, owner, due } = event;
      return { ...state, at, apologies: [...state.apologies, { step, n, at, why, owner, due, resolved: null }] };
    }
    case "Parked":
      return { ...state, phase: "parked", at, wakeAt: null, parked: event.why };
    case "Resumed":
      return going(state, at, state.entries);
    case "Resolved": {
      const id = idText(event);
      const resolved = { at, note: event.note };
      return { ...state, apologies: state.apologies.map((apology) => (idText(apology) === id ? { ...apology, resolved } : apology)) };
    }
    case "Ended":
      // It is never replayed again: what its steps replied is in the log, and need not be in memory.
      return {
        ...state,
        phase: "ended",
        at,
        wakeAt: null,
        entries: state.entries.map(withoutReply),
        outcome: outcomeOf(state.cause, event.reply),
      };
    default:
      return unreachable(event, "the fold of a saga's journal");
  }
}

/** It works, or works again, if it waited or was parked. */
const going = (state: SagaState, at: number, entries: readonly Entry[]): SagaState => ({
  ...state,
  phase: state.cause ? "undoing" : "running",
  at,
  entries,
  wakeAt: null,
  parked: null,
});

function withoutReply(entry: Entry): Entry {
  if (entry.kind !== "Done" || entry.reply === undefined) return entry;
  const { kind, at, step, n } = entry;
  return { kind, at, step, n };
}

function outcomeOf(cause: Cause | null, reply: unknown): Outcome {
  switch (cause?.kind) {
    case undefined:
      return reply === undefined ? { kind: "reply" } : { kind: "reply", reply };
    case "rejection":
      return cause;
    case "failed":
      return { kind: "failure", what: `step "${cause.step}" was given up, its outcome unknown: ${cause.what}` };
    case "deadline":
      return { kind: "failure", what: "its deadline has passed" };
    case "abandoned":
      return { kind: "failure", what: `an operator abandoned it: ${cause.why}` };
    default:
      return unreachable(cause, "the outcome of a saga");
  }
}

/** Apologies that nobody has dealt with yet. */
export const openApologies = (state: SagaState): readonly Apology[] => state.apologies.filter(({ resolved }) => resolved === null);

/**
 * When somebody has to look at the saga again (wall clock, ms): at once, for one that works or that an operator has to know of,
 * so that every start finds them; at its time, for one that waits; never, for one that is over and done with.
 */
export function alarmOf(state: SagaState): number | undefined {
  switch (state.phase) {
    case "none":
      return undefined;
    case "suspended":
      return state.wakeAt ?? 0;
    case "ended":
      return openApologies(state).length > 0 ? 0 : undefined;
    case "running":
    case "undoing":
    case "parked":
      return 0;
    default:
      return unreachable(state.phase, "the alarm of a saga");
  }
}
