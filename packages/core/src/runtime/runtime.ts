// The ports through which everything below the edge reaches the world. Time, randomness, scheduling, the network and
// logging come from here and from nowhere else, so that the production code runs unchanged on `runtime/node` and on
// the seeded `runtime/virtual`. The journal store is the one port that lives higher up (journal/), because it speaks
// of logs.
import type { Metrics } from "./metrics.ts";

/** L-C1: `monotonic` never goes back. L-C2: `now` may jump either way; nothing's safety rests on it. */
export interface Clock {
  /** Wall clock, whole milliseconds since 1970. For people and for records, never for waiting. */
  now(): number;
  /** Milliseconds since some fixed moment. For waiting and measuring. */
  monotonic(): number;
}

/** Handle of one pending timer. */
export interface Timer {
  /** Idempotent; after it returns the task does not run. */
  cancel(): void;
}

/** L-T1: a task runs once, not before its delay on `Clock.monotonic`. L-T2: after `cancel` it never runs. */
export interface Timers {
  after(delayMs: number, task: () => void): Timer;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A fresh identifier: 128 bits, 32 lower-case hexadecimal digits. */
  id(): string;
}

/**
 * Hand-overs between actors. L-S1: a task runs exactly once, never inside the call that handed it over. L-S2: on Node,
 * tasks of one kind run in the order in which they came; the virtual form runs them in any order the seed likes, so
 * nobody may rely on more than L-S1.
 */
export interface Scheduler {
  /** As soon as the running task is done. */
  soon(task: () => void): void;
  /** Once everything that is ready now has run: where a batch closes. */
  endOfTurn(task: () => void): void;
}

/** The network as handlers see it. */
export interface Network {
  readonly fetch: typeof fetch;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = { readonly [name: string]: unknown };

/** Structured log. `event` is a constant name ("entity.quarantined"), never a sentence with values in it. */
export interface Logger {
  log(level: LogLevel, event: string, fields?: LogFields): void;
}

export interface Runtime {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** "development" also checks what implementations give out, and freezes what they must not change. */
  readonly mode: "development" | "production";
}
