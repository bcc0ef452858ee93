// What a saga's journal holds: everything that its function has been told, in the order in which it was told, and how it
// ended. `at` is the wall clock (ms) of the moment; the function sees it as `run.now`, now and on every replay.

/** A step, by its name and by how often the name came, from 1. */
export interface StepId {
  readonly step: string;
  readonly n: number;
}

/** Why a saga turned round. */
export type Cause =
  | { readonly kind: "rejection"; readonly name: string; readonly details: unknown }
  /** A step whose outcome stayed unknown; it counts as done. */
  | { readonly kind: "failed"; readonly step: string; readonly what: string }
  | { readonly kind: "deadline" }
  | { readonly kind: "abandoned"; readonly why: string };

interface Happened<K extends string> {
  readonly kind: K;
  readonly at: number;
}

/** What the function is told: replayed in this order, it comes to the same place. */
export type Entry =
  | (Happened<"Done"> & StepId & { readonly reply?: unknown })
  | (Happened<"Rejected"> & StepId & { readonly name: string; readonly details: unknown })
  /** It is not asked any more; whether it took place is not known, unless `never` says that it certainly did not. */
  | (Happened<"Failed"> & StepId & { readonly what: string; readonly never?: true })
  | (Happened<"Woke"> & StepId)
  | (Happened<"Signalled"> & { readonly signal: string; readonly input?: unknown })
  | (Happened<"TimedOut"> & StepId)
  | Happened<"Expired">
  | (Happened<"Abandoned"> & { readonly why: string });

export type SagaEvent =
  /** `run`: the identity of this saga, of which command ids are made. `trace`: the `traceparent` of the call that started it. */
  | (Happened<"Started"> & { readonly run: string; readonly version: number; readonly input?: unknown; readonly trace?: string })
  | Entry
  /** Nothing is under way: it only waits, until then or for a signal. */
  | (Happened<"Suspended"> & { readonly until: number })
  | (Happened<"Turned"> & { readonly cause: Cause })
  | (Happened<"Undone"> & StepId)
  | (Happened<"Apologised"> & StepId & { readonly why: string; readonly owner: string; readonly due: number })
  | (Happened<"Parked"> & { readonly why: string })
  | Happened<"Resumed">
  | (Happened<"Resolved"> & StepId & { readonly note: string })
  /** With what the function returned; after `Turned` the cause is the outcome. */
  | (Happened<"Ended"> & { readonly reply?: unknown });

export type SagaEventKind = SagaEvent["kind"];

export const sagaEventKinds = [
  "Started",
  "Done",
  "Rejected",
  "Failed",
  "Woke",
  "Signalled",
  "TimedOut",
  "Expired",
  "Abandoned",
  "Suspended",
  "Turned",
  "Undone",
  "Apologised",
  "Parked",
  "Resumed",
  "Resolved",
  "Ended",
] as const satisfies readonly SagaEventKind[];

/** As text: key of maps, and what people read. */
export const idText = ({ step, n }: StepId): string => `${step}/${n}`;

const notEntries: ReadonlySet<SagaEventKind> = new Set([
  "Started",
  "Suspended",
  "Turned",
  "Undone",
  "Apologised",
  "Parked",
  "Resumed",
  "Resolved",
  "Ended",
]);

/** Whether the function is told of it. */
export const isEntry = (event: SagaEvent): event is Entry => !notEntries.has(event.kind);
