// Runs the handlers of one contract in one process: any number at a time up to a bound, each under a deadline, each
// with an address book that passes deadline and identity on.
//
//  H1  in time   Where more is asked than can be carried out, a message is taken only if it is likely to be carried out in its time; any
//                other is refused at once (OVERLOADED). So a flooded service goes on answering as much as it can (ADR 0032).
import { Deque } from "../base/deque.ts";
import { Failure } from "../base/failure.ts";
import type { At, Every, Tell } from "../contract/index.ts";
import { type Deadlines, type Message, type MessageAnswer, traceField } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { AnyAdapter } from "./adapter.ts";
import type { AnyHandlers } from "./definition.ts";

export interface HandlersLimits {
  /** Handlers of one contract that run at the same time. */
  readonly concurrency: number;
  /** Messages that wait for one of them to end; beyond: OVERLOADED. */
  readonly mailboxCapacity: number;
}

export const handlersLimits: HandlersLimits = { concurrency: 1_024, mailboxCapacity: 4_096 };

/** Of its time, what a message may be expected to wait for a free handler: the rest is for its run, and for runs that take longer than others. */
const waitingPartMax = 0.5;
const traceHeader = "traceparent";
/** Of the newest run, in the mean of what runs take. */
const newestPart = 1 / 16;

/** What one run may ask of others: the system makes it, because only the system knows who is where. */
export interface NestedCalls {
  readonly at: At;
  readonly every: Every;
  readonly tell: Tell;
  /** The `traceparent` of what it asks; undefined if it was asked without one. */
  readonly trace: string | undefined;
  /** What was told and is not yet in the log; undefined if there is nothing to wait for. */
  told(): Promise<unknown> | undefined;
  /** True once a nested command may have taken effect. */
  readonly acted: boolean;
}

export interface HandlersHostInit {
  readonly service: string;
  readonly handlers: AnyHandlers | AnyAdapter;
  /** Validated. */
  readonly config: { readonly [name: string]: unknown };
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: HandlersLimits;
  /** Address book for one run: calls carry on `message`'s identity and end by its deadline. */
  readonly nested: (message: Message, deadlineMs: number) => NestedCalls;
}

export class HandlersHost {
  readonly #init: HandlersHostInit;
  readonly #queue = new Deque<Message>();
  #running = 0;
  /** Of how long runs take, the newest ones most; undefined before the first has ended. */
  #runMs: number | undefined;

  constructor(init: HandlersHostInit) {
    this.#init = init;
    const labels = { service: init.service, contract: init.handlers.contract.$.name };
    init.runtime.metrics.gauge("atoll_handlers_running", "Handlers that run now.", labels, () => this.#running);
    init.runtime.metrics.gauge("atoll_handlers_waiting", "Messages that wait for a free handler.", labels, () => this.#queue.length);
  }

  receive(message: Message): void {
    const { deadlines, limits } = this.#init;
    if (this.#running >= limits.concurrency) {
      if (this.#queue.length >= limits.mailboxCapacity) {
        message.fail(
          new Failure("OVERLOADED", { what: `${limits.mailboxCapacity} messages wait for a free handler`, at: message.address }),
        );
        return;
      }
      const waitMs = ((this.#runMs ?? 0) * (this.#queue.length + 1)) / limits.concurrency;
      if (waitMs > waitingPartMax * message.withinMs) {
        const what = `it would wait for some ${Math.round(waitMs)} of ${message.withinMs} ms behind ${this.#queue.length} others`;
        message.fail(new Failure("OVERLOADED", { what, at: message.address }));
        return;
      }
      this.#queue.push(message);
      deadlines.watch(message);
      return;
    }
    this.#start(message);
  }

  #start(message: Message): void {
    this.#running += 1;
    void this.#run(message, this.#init.runtime.clock.monotonic());
  }

  #ended(startedMs: number): void {
    this.#running -= 1;
    const tookMs = this.#init.runtime.clock.monotonic() - startedMs;
    this.#runMs = this.#runMs === undefined ? tookMs : this.#runMs + newestPart * (tookMs - this.#runMs);
    this.#next();
  }

  #next(): void {
    while (this.#running < this.#init.limits.concurrency) {
      const message = this.#queue.shift();
      if (!message) return;
      if (!message.settled) this.#start(message);
    }
  }

  async #run(message: Message, startedMs: number): Promise<void> {
    const { deadlines, handlers, runtime, nested } = this.#init;
    const calls = nested(message, startedMs + deadlines.leftMs(message));
    const run = new HandlerRun(this.#init, message, calls);
    const { checks } = message.to;
    try {
      const handle = handlers.how.handle[message.to.name] as (input: unknown, cx: unknown) => unknown;
      const answering = handle(message.input, run);
      if (!message.settled) deadlines.watch(message);
      const given = await answering;
      const telling = calls.told();
      if (telling) await telling;
      const answer: MessageAnswer =
        given instanceof HandlerRejection
          ? {
              kind: "rejection",
              name: given.name,
              given: given.details,
              details: checks.rejection(given.name, given.details),
              replayed: false,
            }
          : { kind: "reply", given, value: checks.reply(given), replayed: false };
      message.answer(answer);
    } catch (error) {
      const failure = failureOf(error, message, calls.acted, run.fetched);
      if (failure.code === "DEFECT" || failure.code === "HANDLER_FAILED") {
        const fields = { service: this.#init.service, operation: message.address, error, ...traceField(message.trace) };
        runtime.logger.log("error", "handler.failed", fields);
      }
      message.fail(failure);
    } finally {
      run.end();
      this.#ended(startedMs);
    }
  }
}

/** A failure passes on what went wrong, except that "not delivered" is no longer true once something was done. What a query fetches it reads. */
function failureOf(error: unknown, message: Message, acted: boolean, fetched: boolean): Failure {
  const at = message.address;
  const what = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Failure)) return new Failure(acted || fetched ? "HANDLER_FAILED" : "DEFECT", { what, at, cause: error });
  const mayHaveActed = acted || (fetched && message.to.kind === "command");
  if (!mayHaveActed || error.outcome === "unknown") return error;
  return new Failure("UNKNOWN_OUTCOME", { what, at, cause: error });
}

class HandlerRejection {
  readonly name: string;
  readonly details: unknown;
  constructor(name: string, details: unknown) {
    this.name = name;
    this.details = details;
  }
}

const rejection = (name: string, details: unknown): HandlerRejection => new HandlerRejection(name, details);

/** The context of one run, as handlers see it. What costs something is made when it is first asked for. */
class HandlerRun {
  readonly key: string;
  readonly version = 0;
  readonly now: number;
  readonly caller: string;
  readonly commandId: string;
  readonly reject = rejection;
  fetched = false;
  readonly #init: HandlersHostInit;
  readonly #calls: NestedCalls;
  readonly #message: Message;
  #abort: AbortController | undefined;

  constructor(init: HandlersHostInit, message: Message, calls: NestedCalls) {
    this.key = message.key;
    this.now = init.runtime.clock.now();
    this.caller = message.caller;
    this.commandId = message.id;
    this.#init = init;
    this.#calls = calls;
    this.#message = message;
  }

  get config(): HandlersHostInit["config"] {
    return this.#init.config;
  }

  get random(): () => number {
    const { random } = this.#init.runtime;
    return () => random.next();
  }

  get fetch(): Runtime["network"]["fetch"] {
    const { network } = this.#init.runtime;
    return (input, init) => {
      this.fetched = true;
      const asked = { ...init, signal: init?.signal ?? this.signal };
      const { trace } = this;
      return trace === undefined ? network.fetch(input, asked) : traced(network.fetch, trace, input, asked);
    };
  }

  get at(): At {
    return this.#calls.at;
  }

  get every(): Every {
    return this.#calls.every;
  }

  /** Aborted when the deadline passes, when the caller gives up, and when the run has ended. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      const abort = new AbortController();
      this.#abort = abort;
      this.#message.onSettled = () => abort.abort();
      if (this.#message.settled) abort.abort();
      else this.#init.deadlines.watch(this.#message);
    }
    return this.#abort.signal;
  }

  get trace(): string | undefined {
    return this.#calls.trace;
  }

  get tell(): Tell {
    return this.#calls.tell;
  }

  end(): void {
    this.#abort?.abort();
  }
}

/** Rejects, as `fetch` does, where the given headers are none. */
async function traced(fetch: Runtime["network"]["fetch"], trace: string, ...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const given = init?.headers ?? (typeof input === "object" && "headers" in input ? input.headers : undefined);
  const headers = new Headers(given);
  if (!headers.has(traceHeader)) headers.set(traceHeader, trace);
  return await fetch(input, { ...init, headers });
}
