// What goes wrong with a journal, and when, as plain data: a schedule of faults can be printed, shrunk, kept as a
// regression and replayed. Who carries it out is `FaultyJournal`.
import type { Random } from "../../runtime/index.ts";

export const journalOperations = [
  "partitions",
  "takeOver",
  "append",
  "read",
  "chain",
  "records",
  "lookup",
  "index",
  "quarantined",
  "quarantine",
  "release",
  "alarms",
  "cursors",
  "moveCursors",
  "deadLetters",
  "park",
  "discard",
] as const;

export type JournalOperation = (typeof journalOperations)[number];

/** Those that change what is stored. Only they can be ambiguous, late, or refused for lack of room. */
export const writingOperations: ReadonlySet<JournalOperation> = new Set([
  "takeOver",
  "append",
  "index",
  "quarantine",
  "release",
  "moveCursors",
  "park",
  "discard",
]);

/** When a late operation is carried out. */
export type Lateness =
  /** Before the call that follows the next `calls` ones reaches the journal; 0: before the next. */
  | { readonly calls: number }
  | { readonly delayMs: number }
  /** When somebody calls `FaultyJournal.releaseLate`. */
  | "on-release";

export type Fault =
  /** Nothing is done, and that is what is reported. */
  | { readonly kind: "fail-before"; readonly error: "refused" | "full" | "failed" }
  /** Done, then reported `ambiguous`; a reading operation reports `failed`. */
  | { readonly kind: "fail-after" }
  /** Never answered, done or not. */
  | { readonly kind: "hang"; readonly done: boolean }
  /** Reported `ambiguous` at once, done later, under whatever epoch then holds. A reading operation just fails. */
  | { readonly kind: "late"; readonly until: Lateness }
  /** Done after a pause, and answered then. */
  | { readonly kind: "slow"; readonly delayMs: number };

/** One fault of a schedule. */
export interface PlannedFault {
  /** Which operation is counted; undefined counts the calls of all. */
  readonly operation?: JournalOperation;
  /** 1 for the first call. */
  readonly call: number;
  readonly fault: Fault;
}

export interface FaultPlan {
  /** Asked once per call, before anything is done. */
  next(operation: JournalOperation): Fault | undefined;
}

/** A fixed schedule. Where several faults hit one call, the first of the list wins. */
export function plannedFaults(schedule: readonly PlannedFault[]): FaultPlan {
  const counts = new Map<JournalOperation | undefined, number>();
  const count = (operation: JournalOperation | undefined): number => {
    const calls = (counts.get(operation) ?? 0) + 1;
    counts.set(operation, calls);
    return calls;
  };
  return {
    next(operation) {
      const overall = count(undefined);
      const own = count(operation);
      return schedule.find((planned) =>
        planned.operation === undefined ? planned.call === overall : planned.operation === operation && planned.call === own,
      )?.fault;
    },
  };
}

/** Probabilities per call, 0 to 1; their sum is at most 1. */
export interface FaultRates {
  /** Done after a pause of up to `slowMsMax`. */
  readonly slow: number;
  /** Reported `failed`, nothing done. */
  readonly failed: number;
  /** Reported `full`, nothing done; writing operations only. */
  readonly full: number;
  /** Done, reported `ambiguous`; writing operations only. */
  readonly ambiguous: number;
  /** Reported `ambiguous`, done within `lateMsMax`; writing operations only. */
  readonly late: number;
  /** Never answered; done or not, half and half. */
  readonly hang: number;
  readonly slowMsMax: number;
  readonly lateMsMax: number;
}

export const noFaults: FaultRates = { slow: 0, failed: 0, full: 0, ambiguous: 0, late: 0, hang: 0, slowMsMax: 200, lateMsMax: 2_000 };

/** Draws a fault per call. `rates` is read at every call, so that a simulation can switch faults on and off as it runs. */
export function randomFaults(rates: () => FaultRates, random: Random): FaultPlan {
  return {
    next(operation) {
      const now = rates();
      const writes = writingOperations.has(operation);
      const choices: readonly (readonly [rate: number, fault: () => Fault])[] = [
        [now.slow, () => ({ kind: "slow", delayMs: random.next() * now.slowMsMax })],
        [now.failed, () => ({ kind: "fail-before", error: "failed" })],
        [now.hang, () => ({ kind: "hang", done: random.next() < 0.5 })],
        [writes ? now.full : 0, () => ({ kind: "fail-before", error: "full" })],
        [writes ? now.ambiguous : 0, () => ({ kind: "fail-after" })],
        [writes ? now.late : 0, () => ({ kind: "late", until: { delayMs: random.next() * now.lateMsMax } })],
      ];
      if (now.slow + now.failed + now.full + now.ambiguous + now.late + now.hang === 0) return undefined;
      let draw = random.next();
      for (const [rate, fault] of choices) {
        if (draw < rate) return fault();
        draw -= rate;
      }
      return undefined;
    },
  };
}
