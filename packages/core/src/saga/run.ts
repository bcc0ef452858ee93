// How a saga looks to the one who writes it: named steps, each with its undo beside it, and ways to wait. Types only;
// `Play` stands behind them at run time.
import type { AnswerOf, At, Deep, Duration, In, Moment, OpRef, Reject, Rejects, Reply, Taken } from "../contract/index.ts";

type AnswerRejects<T> = [AnswerOf<T>] extends [never] ? {} : Rejects<AnswerOf<T>>;
/** The reply in an answer, or what the step came to if that is no answer of a call. */
export type AnswerReply<T> = T extends unknown ? ([AnswerOf<T>] extends [never] ? T : Reply<AnswerOf<T>>) : never;
type Differs<A, B> = { [K in keyof A]: K extends keyof B ? (A[K] extends B[K] ? never : K) : K }[keyof A];
/** Rejections that the saga's own command does not declare, or declares with other details. */
type Unhandled<T, O> = T extends unknown ? Differs<AnswerRejects<T>, Rejects<O>> : never;
type Complaint<K> = [K] extends [never]
  ? unknown
  : `${K & string} is not answered: the saga declares no such rejection, so it needs \`rejected\``;

export interface StepOptions<R> {
  /**
   * Takes back what the step did. Runs if the saga does not reach its end, later steps' first, asked again like the step itself. It
   * must tolerate that the step never happened: `reply` is undefined where that is not known.
   */
  readonly undo?: (at: At, reply: R | undefined) => Promise<unknown>;
  /**
   * How long the step is asked again, under the same command id, while its outcome is unknown or its target is away: 5 minutes by
   * default, after pauses that double from 100 ms to 10 s, or that are all about `every`. After that it counts as done, unless
   * it certainly was not, is undone with the others, and the saga fails. Counts anew when the process starts.
   */
  readonly retry?: { readonly for: Duration; readonly every?: Duration };
  /** How long one try waits for its answer, 10 s by default. */
  readonly within?: Duration;
}

/** `StepOptions` with an answer to each rejection that the saga's own command does not declare: a value for the step, or `run.reject`. */
export type AnsweredOptions<T, O> = StepOptions<AnswerReply<T>> & {
  readonly rejected: {
    readonly [K in Unhandled<T, O>]: (details: T extends { readonly rejected: K; readonly details: infer X } ? X : never) => AnswerReply<T>;
  };
};

/** A command that came to the running saga from outside. */
export interface Signal<X> {
  readonly input: Deep<Taken<In<X>>>;
}

/** The rejection and the wait of a saga end it: what comes after them in the function does not run, not even `finally`. */
export interface Run<D, O> extends Moment {
  /** Wall clock, ms, of the newest thing that this run has seen; the same again on every replay. */
  readonly now: number;
  /**
   * Runs `act` once in its effect, whatever crashes (S1, S2); its result is on disk before anything that follows leaves. A rejection ends
   * the saga with it, or is answered in `rejected`; then the steps before are undone in reverse order (S4). A name that comes again is
   * counted. Steps side by side are safe: `Promise.all([run.step(…), run.step(…)])`.
   */
  step<T>(name: string, act: (at: At) => Promise<T>, options: AnsweredOptions<T, O>): Promise<AnswerReply<T>>;
  step<T>(
    name: string,
    act: ((at: At) => Promise<T>) & Complaint<Unhandled<T, O>>,
    options?: StepOptions<AnswerReply<T>>,
  ): Promise<AnswerReply<T>>;
  /** Durable: a saga that sleeps is not in memory, and wakes when its time has come, whatever was restarted meanwhile. */
  sleep(name: string, for_: Duration): Promise<void>;
  /**
   * The next command of this name that came to the saga, or undefined after `within`. Commands of the contract beside the one that
   * starts it are signals: access, input and repetition are checked as for any command. Those that came earlier wait, in order.
   */
  signal<X>(command: OpRef<D, X>, options: { readonly within: Duration }): Promise<Signal<X> | undefined>;
  /** From now on such commands go to `react`, at once and in order; it may `run.reject`, which is how a saga is cancelled. */
  on<X>(command: OpRef<D, X>, react: (input: Deep<Taken<In<X>>>) => void): void;
  /** From now on so long: then the saga ends with what `otherwise` rejects, or fails, and is undone. One to a saga. */
  deadline(for_: Duration, otherwise?: () => never): void;
  /** Ends the saga with one of its command's rejections; what was done is undone. */
  readonly reject: Reject<O, never>;
  /** Uniform in [0, 1), the same again on every replay. Not for secrets. */
  random(): number;
}

/** @internal The input of a saga as its function reads it. */
export type SagaInput<O> = Deep<Taken<In<O>>>;
