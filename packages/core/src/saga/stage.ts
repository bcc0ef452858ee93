// What the machine of a saga needs of whoever drives it: a journal, a clock, a way to ask. Each call is answered by one of
// the machine's, later than it returns.
import type { Failure } from "../base/failure.ts";
import type { At } from "../contract/index.ts";
import type { SagaEvent, StepId } from "./event.ts";

/** A step, or the undo of one, to be carried out. */
export interface Ask extends StepId {
  readonly kind: "do" | "undo";
  /** Identity of the first command it sends; the ones after it get `.2`, `.3`, … */
  readonly id: string;
  /** Wall clock, ms: when that identity was minted. */
  readonly minted: number;
  readonly act: (at: At) => Promise<unknown>;
  /** It may have been asked before, in an earlier life of the process. */
  readonly repeated: boolean;
  /** How long it is asked again while its outcome is unknown or its target is away. */
  readonly retryForMs: number;
  /** Pause between two tries; undefined: one that doubles. */
  readonly retryEveryMs: number | undefined;
  /** Of one try; undefined: the default of every call. */
  readonly withinMs: number | undefined;
}

export type Asked =
  /** JSON, and nobody else's to change. */
  | { readonly kind: "reply"; readonly reply: unknown }
  | { readonly kind: "rejection"; readonly name: string; readonly details: unknown }
  /** The last of its tries failed so. `acted`: this or an earlier one may have had an effect. */
  | { readonly kind: "failure"; readonly failure: Failure; readonly acted: boolean }
  /** The step's own code threw, or what it came to is not JSON. */
  | { readonly kind: "defect"; readonly error: unknown };

/** An event from outside on its way into the journal; the stage knows what is in it. */
export interface Outside {
  readonly kind: "outside";
}

export interface Stage {
  /** Wall clock, ms. */
  now(): number;
  /** Runs `task` once all promise work that is ready has been done. */
  afterwards(task: () => void): void;
  /** Writes the events as one record, as often as it takes; then `machine.recorded`. One at a time. */
  record(events: readonly SagaEvent[]): void;
  /** Writes an event from outside; then `machine.submitted`. */
  submit(outside: Outside): void;
  /** Carries it out, again and again within its budget; then `machine.asked`. */
  ask(ask: Ask): void;
  /** No further try: what is known of the running one decides. */
  hurry(ask: Ask): void;
  /** Calls `machine.clock` then (wall clock, ms), as long as the machine is in memory; undefined: no more. */
  wakeAt(ms: number | undefined): void;
  /** Nothing is under way and everything is on disk: the machine can be forgotten. */
  idle(): void;
}
