// One contract that a service calls: holds the state of its breaker, bulkhead and retry budget, brings time and randomness to
// the machines and carries out their effects. One per service and contract; what its calls do is in guarded-call.ts.
//
// All of it lives in memory: a process that starts trusts everybody.
import { assert } from "../base/assert.ts";
import { Failure, type FailureCode } from "../base/failure.ts";
import type { Counter, Runtime } from "../runtime/index.ts";
import { closedBreaker, countedBy, isRefusing, stepBreaker, type BreakerInput, type BreakerKind, type Verdict } from "./breaker.ts";
import { emptyBulkhead, stepBulkhead, type BulkheadEffect, type BulkheadInput } from "./bulkhead.ts";
import type { DependencyPolicy } from "./policy.ts";
import { fullBucket, retriesLeft, stepRetry, type RetryInput } from "./retry.ts";

/** A dependency as operators see it. */
export interface BreakerStatus {
  readonly service: string;
  readonly contract: string;
  /** "forced-open": by an operator, until one closes it. */
  readonly state: BreakerKind;
  /** Of the last turn, ISO 8601; of the start, if there was none. */
  readonly since: string;
  /** Calls that count now; when open, those that opened it. */
  readonly failed: number;
  readonly worked: number;
  /** Code of the last failure that counted. */
  readonly lastFailure?: FailureCode;
  /** Calls under way, and those that wait for one of them to end. */
  readonly running: number;
  readonly waiting: number;
  /** Retries that could be sent now; absent without retries. */
  readonly retries?: number;
}

export interface DependencyInit {
  /** Name of the calling service. */
  readonly service: string;
  readonly policy: DependencyPolicy;
  readonly runtime: Runtime;
}

/** A call in the queue of the bulkhead. */
interface Waiting {
  /** There is a place for it. */
  begin(): void;
  /** The breaker has opened. */
  dismiss(): void;
}

/** For the gauge. */
const stateNumbers: { readonly [K in BreakerKind]: number } = { closed: 0, "half-open": 1, open: 2, "forced-open": 3 };

export class Dependency {
  readonly policy: DependencyPolicy;
  readonly runtime: Runtime;
  readonly #service: string;
  #breaker = closedBreaker;
  #bulkhead = emptyBulkhead;
  #bucket: ReturnType<typeof fullBucket>;
  /** Wall clock. */
  #sinceMs: number;
  #lastFailure: FailureCode | undefined;
  /** In the order in which they came. */
  readonly #queue = new Set<Waiting>();
  /** Places given back that nobody has been given yet. */
  #ended = 0;
  #ending = false;
  readonly #opened: Counter;
  readonly #refused: Counter;
  readonly #overloaded: Counter;
  readonly #retried: Counter;
  readonly #unretried: Counter;

  constructor({ service, policy, runtime }: DependencyInit) {
    this.policy = policy;
    this.runtime = runtime;
    this.#service = service;
    this.#bucket = fullBucket(runtime.clock.monotonic());
    this.#sinceMs = runtime.clock.now();
    const { metrics } = runtime;
    const labels = { service, contract: policy.contract };
    metrics.gauge(
      "atoll_breaker_state",
      "0 closed, 1 half-open, 2 open, 3 opened by an operator.",
      labels,
      () => stateNumbers[this.#breaker.kind],
    );
    this.#opened = metrics.counter("atoll_breaker_opened_total", "Times that a breaker opened by itself.", labels);
    this.#refused = metrics.counter("atoll_breaker_refused_total", "Calls refused because the breaker was open.", labels);
    metrics.gauge("atoll_bulkhead_running", "Calls of a dependency under way.", labels, () => this.#bulkhead.running);
    metrics.gauge("atoll_bulkhead_waiting", "Calls that wait for one of them to end.", labels, () => this.#bulkhead.waiting);
    this.#overloaded = metrics.counter("atoll_bulkhead_refused_total", "Calls refused because too many were under way.", labels);
    this.#retried = metrics.counter("atoll_retries_total", "Calls sent again after a failure.", labels);
    this.#unretried = metrics.counter("atoll_retries_denied_total", "Retries that the budget did not allow.", labels);
    if (policy.retry.attempts > 1)
      metrics.gauge("atoll_retry_budget", "Retries that could be sent at once.", labels, () => this.#retries());
  }

  get contract(): string {
    return this.policy.contract;
  }

  /** Refuses every call until `close`. False if an operator has opened it already. */
  open(): boolean {
    const before = this.#breaker.kind;
    this.#stepBreaker({ kind: "force-open" });
    return before !== "forced-open";
  }

  /** Back to closed and automatic, with nothing counted. False if it is closed. */
  close(): boolean {
    const before = this.#breaker.kind;
    this.#stepBreaker({ kind: "close" });
    return before !== "closed";
  }

  status(): BreakerStatus {
    const { policy } = this;
    const { failed, worked } = this.#counted();
    return {
      service: this.#service,
      contract: policy.contract,
      state: this.#breaker.kind,
      since: new Date(this.#sinceMs).toISOString(),
      failed,
      worked,
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      ...this.#bulkhead,
      ...(policy.retry.attempts > 1 ? { retries: this.#retries() } : {}),
    };
  }

  // What follows is for the calls.

  get refusing(): boolean {
    return isRefusing(this.policy.breaker, this.#breaker, this.runtime.clock.monotonic());
  }

  /** "start": it holds a place until `end`. "wait": it stands in the queue until it is begun or dismissed, or until `leave`. */
  arrive(call: Waiting): BulkheadEffect {
    const effect = this.#stepBulkhead("arrive");
    if (effect === "wait") this.#queue.add(call);
    if (effect === "refuse") this.#overloaded.add(1);
    return effect;
  }

  leave(call: Waiting): void {
    if (this.#queue.delete(call)) this.#stepBulkhead("leave");
  }

  /** Gives a place back. A loop, because a call that is refused at once gives its place back before it has returned. */
  end(): void {
    this.#ended += 1;
    if (this.#ending) return;
    this.#ending = true;
    try {
      for (; this.#ended > 0; this.#ended -= 1) {
        if (this.#stepBulkhead("end") !== "next") continue;
        const [next] = this.#queue;
        assert(next, "the bulkhead counts who stands in the queue");
        this.#queue.delete(next);
        next.begin();
      }
    } finally {
      this.#ending = false;
    }
  }

  /** A ticket to be settled; undefined: the breaker refuses it. */
  admit(): number | undefined {
    return this.#stepBreaker({ kind: "ask", atMs: this.runtime.clock.monotonic() });
  }

  settled(ticket: number, verdict: Verdict, code?: FailureCode): void {
    if (verdict === "failed") this.#lastFailure = code;
    this.#stepBreaker({ kind: "settled", ticket, verdict, atMs: this.runtime.clock.monotonic() });
  }

  called(): void {
    this.#stepRetry({ kind: "called", atMs: this.runtime.clock.monotonic() });
  }

  /** Milliseconds to wait before it is sent again; undefined: it is not. */
  pauseAfter(failure: Failure, attempt: number, leftMs: number): number | undefined {
    if (this.policy.retry.attempts === 1) return undefined;
    const { clock, random } = this.runtime;
    return this.#stepRetry({ kind: "failed", atMs: clock.monotonic(), attempt, advice: failure.retry, leftMs, random: random.next() });
  }

  /** What a call that the breaker refuses ends with. */
  refused(at: string): Failure {
    this.#refused.add(1);
    const whole = `of service "${this.#service}" for contract "${this.contract}"`;
    const what =
      this.#breaker.kind === "forced-open"
        ? `an operator has opened the breaker ${whole}`
        : `the breaker ${whole} is ${this.#breaker.kind}, after ${this.#lastFailure ?? "failures"}`;
    return new Failure("BREAKER_OPEN", { what, at });
  }

  #stepBreaker(input: BreakerInput): number | undefined {
    const [state, effects] = stepBreaker(this.policy.breaker, this.#breaker, input);
    this.#breaker = state;
    let ticket: number | undefined;
    for (const effect of effects) {
      if (effect.kind === "admit") ticket = effect.ticket;
      else if (effect.kind === "turned") this.#turned(effect.from, effect.to);
    }
    return ticket;
  }

  #turned(from: BreakerKind, to: BreakerKind): void {
    this.#sinceMs = this.runtime.clock.now();
    const fields = { service: this.#service, contract: this.contract, from };
    const { logger } = this.runtime;
    if (to === "open") {
      this.#opened.add(1);
      const { failed, worked } = this.#counted();
      logger.log("warn", "breaker.opened", { ...fields, failed, worked, lastFailure: this.#lastFailure });
    } else if (to === "forced-open") logger.log("warn", "breaker.forced_open", fields);
    else logger.log("info", to === "closed" ? "breaker.closed" : "breaker.half_open", fields);
    if (to === "open" || to === "forced-open") this.#dismiss();
  }

  /** Who waits for a dependency that is cut off need not wait longer. */
  #dismiss(): void {
    const waiting = [...this.#queue];
    this.#queue.clear();
    for (const call of waiting) {
      this.#stepBulkhead("leave");
      call.dismiss();
    }
  }

  #stepBulkhead(input: BulkheadInput): BulkheadEffect {
    const [state, effect] = stepBulkhead(this.policy.bulkhead, this.#bulkhead, input);
    this.#bulkhead = state;
    return effect;
  }

  #stepRetry(input: RetryInput): number | undefined {
    const [state, effect] = stepRetry(this.policy.retry, this.#bucket, input);
    this.#bucket = state;
    if (effect.kind === "give-up" && effect.why === "budget") this.#unretried.add(1);
    if (effect.kind !== "again") return undefined;
    this.#retried.add(1);
    return effect.afterMs;
  }

  #counted(): { readonly failed: number; readonly worked: number } {
    return countedBy(this.policy.breaker, this.#breaker, this.runtime.clock.monotonic());
  }

  #retries(): number {
    return retriesLeft(this.#bucket, this.runtime.clock.monotonic());
  }
}
