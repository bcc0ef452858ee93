// Carries out one step, or one undo: asks again under the same id while its outcome is unknown or its target is away, until
// there is an answer or the budget is spent.
import { backoffMs } from "../../base/backoff.ts";
import { Failure } from "../../base/failure.ts";
import type { At } from "../../contract/index.ts";
import type { Session } from "../../mailbox/index.ts";
import type { Runtime, Timer } from "../../runtime/index.ts";
import { carriedOut, retryBackoff, type Ask, type Asked } from "../../saga/index.ts";
import type { Asker } from "../address-book.ts";
import { defaultWithinMs } from "../router.ts";

export interface AskingInit {
  readonly ask: Ask;
  readonly service: string;
  readonly runtime: Runtime;
  /** What the saga has seen; every answer adds to it. */
  readonly session: Session;
  /** The `traceparent` of its calls. */
  readonly trace: string | undefined;
  /** An address book that speaks for the asker. */
  readonly book: (asker: Asker) => At;
  /** Called once, with what came of it. */
  readonly done: (asked: Asked) => void;
}

export class Asking {
  readonly #init: AskingInit;
  readonly #endMs: number;
  #failures = 0;
  /** One of its commands was carried out, or may have been. */
  #acted = false;
  #hurried = false;
  /** The next try, and what the last one failed with. */
  #waiting: { readonly timer: Timer; readonly failure: Failure } | undefined;
  #over = false;

  constructor(init: AskingInit) {
    this.#init = init;
    this.#endMs = init.runtime.clock.monotonic() + init.ask.retryForMs;
  }

  begin(): void {
    void this.#try();
  }

  /** No further try. */
  hurry(): void {
    this.#hurried = true;
    const waiting = this.#waiting;
    if (!waiting) return;
    waiting.timer.cancel();
    this.#give(waiting.failure);
  }

  /** Nobody waits for it any more. */
  stop(): void {
    this.#over = true;
    this.#waiting?.timer.cancel();
  }

  async #try(): Promise<void> {
    const { ask, service, runtime, session, trace, book } = this.#init;
    const deadlineMs = runtime.clock.monotonic() + (ask.withinMs ?? defaultWithinMs);
    let commands = 0;
    /** Answers that say whether they are a rejection; anything else a step comes to is its own. */
    const unions: object[] = [];
    const at = book({
      caller: service,
      session,
      trace,
      withinMs: () => deadlineMs - runtime.clock.monotonic(),
      identity: () => ({ id: (commands += 1) === 1 ? ask.id : `${ask.id}.${commands}`, minted: ask.minted }),
      commanded: (settled) => {
        settled.then(
          () => (this.#acted = true),
          (error: unknown) => (this.#acted ||= !(error instanceof Failure) || error.outcome === "unknown"),
        );
      },
      union: (answer) => void unions.push(answer),
    });
    const asked = await carriedOut(ask, at, (value) => unions.includes(value));
    if (asked.kind !== "failure") return this.#end(asked);
    this.#acted ||= asked.failure.outcome === "unknown";
    if (asked.failure.retry === "never") this.#give(asked.failure);
    else this.#failed(asked.failure);
  }

  #failed(failure: Failure): void {
    if (this.#over) return;
    const { ask, runtime } = this.#init;
    this.#failures += 1;
    const every = ask.retryEveryMs;
    const pause = every === undefined ? retryBackoff : { firstMs: every, maxMs: every };
    const delayMs = backoffMs(pause, this.#failures, () => runtime.random.next());
    if (this.#hurried || runtime.clock.monotonic() + delayMs > this.#endMs) return this.#give(failure);
    const timer = runtime.timers.after(delayMs, () => {
      this.#waiting = undefined;
      void this.#try();
    });
    this.#waiting = { timer, failure };
  }

  #give(failure: Failure): void {
    this.#end({ kind: "failure", failure, acted: this.#acted });
  }

  #end(asked: Asked): void {
    if (this.#over) return;
    this.#over = true;
    this.#init.done(asked);
  }
}
