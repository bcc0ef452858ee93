// One call of a dependency: past its breaker, into a place of its bulkhead, delivered, and perhaps after a pause again. It
// knows nothing of routers and messages: whatever delivers comes in with it, so the same policy serves whatever calls.
//
// G1  It is settled exactly once, and not after its deadline but for the lateness of a timer and of whoever delivers.
// G2  Every attempt is the same delivery: the identity of a command is minted before the first (ADR 0009).
// G3  A failure says "not delivered" only if that is true of every attempt; otherwise it is unknown. Of what changes nothing each
//     failure is told as it is.
// G4  It holds a place of the bulkhead only while an attempt is under way: not while it waits, not during a pause.
// G5  What is refused here, or was given up by its caller, is not sent again.
import { unreachable } from "../base/assert.ts";
import { Failure, type FailureCode } from "../base/failure.ts";
import type { Timer } from "../runtime/index.ts";
import type { Dependency } from "./dependency.ts";
import { verdictOf } from "./verdict.ts";

/** A call on its way, to be given up by whoever asked. */
export interface Delivery {
  readonly settled: boolean;
  fail(failure: Failure): void;
}

export interface GuardedAsk<A> {
  /** `contract.operation`, for messages to people. */
  readonly at: string;
  /** It changes nothing, whatever becomes of it. */
  readonly isQuery: boolean;
  /** For all attempts together. */
  readonly withinMs: number;
  /** Delivers once, waiting at most `withinMs`, and settles exactly once, perhaps before it returns. Undefined: it has settled. */
  deliver(withinMs: number, resolve: (answer: A) => void, reject: (failure: Failure) => void): Delivery | undefined;
  /** Why an answer does not say that the dependency works; undefined, or absent: it does. */
  trouble?(answer: A): FailureCode | undefined;
}

type Phase =
  | { readonly kind: "new" }
  | { readonly kind: "queued"; readonly deadline: Timer }
  | { readonly kind: "asking"; delivery: Delivery | undefined }
  | { readonly kind: "pausing"; readonly pause: Timer }
  | { readonly kind: "settled" };

/** Settles exactly once, perhaps before it returns; what it returns gives the call up. */
export function guarded<A>(
  dependency: Dependency,
  asked: GuardedAsk<A>,
  resolve: (answer: A) => void,
  reject: (failure: Failure) => void,
): Delivery {
  const call = new GuardedCall(dependency, asked, resolve, reject);
  call.begin();
  return call;
}

class GuardedCall<A> implements Delivery {
  readonly #dependency: Dependency;
  readonly #asked: GuardedAsk<A>;
  readonly #resolve: (answer: A) => void;
  readonly #reject: (failure: Failure) => void;
  readonly #deadlineMs: number;
  #phase: Phase = { kind: "new" };
  #attempt = 0;
  #last: Failure | undefined;
  /** The first failure after which it is not known whether the command took effect. */
  #doubt: Failure | undefined;
  #givenUp = false;

  constructor(dependency: Dependency, asked: GuardedAsk<A>, resolve: (answer: A) => void, reject: (failure: Failure) => void) {
    this.#dependency = dependency;
    this.#asked = asked;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#deadlineMs = dependency.runtime.clock.monotonic() + asked.withinMs;
  }

  get settled(): boolean {
    return this.#phase.kind === "settled";
  }

  fail(failure: Failure): void {
    const phase = this.#phase;
    switch (phase.kind) {
      case "asking":
        this.#givenUp = true;
        phase.delivery?.fail(failure);
        return;
      case "queued":
        this.#dependency.leave(this);
        return this.refuse(failure);
      case "new":
      case "pausing":
        return this.refuse(failure);
      case "settled":
        return;
      default:
        return unreachable(phase, "a call");
    }
  }

  /** An attempt from its beginning; in the queue: its turn has come, with a place of the bulkhead. */
  begin(): void {
    if (this.#phase.kind === "queued") {
      this.#stopTimer();
      return this.#send();
    }
    if (this.#dependency.refusing) return this.dismiss();
    const { at } = this.#asked;
    const { concurrency, waiting } = this.#dependency.policy.bulkhead;
    switch (this.#dependency.arrive(this)) {
      case "start":
        return this.#send();
      case "wait": {
        const deadline = this.#dependency.runtime.timers.after(Math.max(0, this.#leftMs()), () => {
          this.#dependency.leave(this);
          this.#late();
        });
        this.#phase = { kind: "queued", deadline };
        return;
      }
      default:
        this.refuse(new Failure("OVERLOADED", { what: `${concurrency} calls are under way and ${waiting} wait`, at }));
    }
  }

  /** The breaker refuses it. */
  dismiss(): void {
    this.refuse(this.#dependency.refused(this.#asked.at));
  }

  /** Its deadline has passed before it could be sent, or sent again. */
  #late(): void {
    const { concurrency } = this.#dependency.policy.bulkhead;
    const what = `its turn did not come in ${this.#asked.withinMs} ms, behind ${concurrency} calls under way`;
    this.refuse(this.#last ?? new Failure("OVERLOADED", { what, at: this.#asked.at }));
  }

  /** Ends it without a further attempt. */
  refuse(failure: Failure): void {
    this.#stopTimer();
    this.#phase = { kind: "settled" };
    this.#reject(this.#honest(failure));
  }

  /** It has a place of the bulkhead. */
  #send(): void {
    const leftMs = this.#leftMs();
    const ticket = leftMs > 0 ? this.#dependency.admit() : undefined;
    if (ticket === undefined) {
      if (leftMs > 0) this.dismiss();
      else this.#late();
      this.#dependency.end();
      return;
    }
    this.#attempt += 1;
    if (this.#attempt === 1) this.#dependency.called();
    const asking: Phase = { kind: "asking", delivery: undefined };
    this.#phase = asking;
    asking.delivery = this.#asked.deliver(
      Math.min(leftMs, this.#dependency.policy.withinMs),
      (answer) => {
        const trouble = this.#asked.trouble?.(answer);
        this.#dependency.settled(ticket, trouble === undefined ? "worked" : verdictOf(trouble), trouble);
        this.#phase = { kind: "settled" };
        this.#resolve(answer);
        this.#dependency.end();
      },
      (failure) => {
        this.#dependency.settled(ticket, verdictOf(failure.code), failure.code);
        this.#failed(failure);
        this.#dependency.end();
      },
    );
  }

  #failed(failure: Failure): void {
    this.#last = failure;
    if (failure.outcome === "unknown" && !this.#asked.isQuery) this.#doubt ??= failure;
    // What is cut off, here or behind the dependency, needs longer than a pause.
    const isFinal = this.#givenUp || failure.code === "BREAKER_OPEN" || this.#dependency.refusing;
    const pauseMs = isFinal ? undefined : this.#dependency.pauseAfter(failure, this.#attempt, this.#leftMs());
    if (pauseMs === undefined) return this.refuse(failure);
    this.#phase = { kind: "pausing", pause: this.#dependency.runtime.timers.after(pauseMs, () => this.begin()) };
  }

  #honest(failure: Failure): Failure {
    const doubt = this.#doubt;
    if (!doubt || failure.outcome === "unknown") return failure;
    const what = `attempt ${this.#attempt} ended with ${failure.code}, one before it with ${doubt.code}`;
    return new Failure("UNKNOWN_OUTCOME", { what, at: this.#asked.at, cause: failure });
  }

  #leftMs(): number {
    return this.#deadlineMs - this.#dependency.runtime.clock.monotonic();
  }

  #stopTimer(): void {
    if (this.#phase.kind === "queued") this.#phase.deadline.cancel();
    else if (this.#phase.kind === "pausing") this.#phase.pause.cancel();
  }
}
