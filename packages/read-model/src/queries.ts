// Runs the queries of one read model: a bounded number at a time, each under its deadline, on the file that answers at the
// moment when it begins.
import { Deque, Failure, type Deadlines, type LogIdentity, type Message, type MessageAnswer } from "@atoll/core/extension";
import type { Runtime } from "@atoll/core/runtime";
import { type Rows, type Statement, TableError } from "@atoll/core/tables";
import type { ReadModelBehaviour } from "./behaviour.ts";
import { queryingKysely } from "./kysely.ts";
import type { ReadModelLimits } from "./limits.ts";

/** What answers one query. */
export interface Answering {
  readonly file: { query(statement: Statement): Promise<Rows> };
  /** How far it is, at least, when the query begins. */
  readonly shown: readonly { readonly log: LogIdentity; readonly partition: number; readonly next: number }[];
  enter(): void;
  leave(): void;
}

export interface QueriesInit {
  readonly service: string;
  readonly contract: string;
  readonly behaviour: ReadModelBehaviour;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: Pick<ReadModelLimits, "concurrency" | "mailboxCapacity">;
  /** Waits until what the caller's session has seen is applied. Rejects or throws a `Failure`. */
  readonly caughtUp: (message: Message) => Promise<void> | undefined;
  /** The one that answers, when there is one; waits a little while it is built. Rejects with a `Failure`. */
  readonly serving: (message: Message) => Promise<Answering> | Answering;
  /** Takes a message that cannot be answered here for this reason; false: then it fails. */
  readonly passOn?: (message: Message, error: unknown) => boolean;
}

class QueryRejection {
  readonly name: string;
  readonly details: unknown;
  constructor(name: string, details: unknown) {
    this.name = name;
    this.details = details;
  }
}

export class Queries {
  readonly #init: QueriesInit;
  readonly #queue = new Deque<Message>();
  #running = 0;

  constructor(init: QueriesInit) {
    this.#init = init;
    const { metrics } = init.runtime;
    // A node may begin as a reader and be the host later: both have samples then.
    const labels = { service: init.service, read_model: init.contract, ...(init.passOn ? { apart: "true" } : {}) };
    metrics.gauge("atoll_read_model_queries_running", "Queries that run now.", labels, () => this.#running);
    metrics.gauge("atoll_read_model_queries_waiting", "Queries that wait for one of them to end.", labels, () => this.#queue.length);
  }

  receive(message: Message): void {
    const { deadlines, limits } = this.#init;
    deadlines.watch(message);
    if (this.#running < limits.concurrency) this.#start(message);
    else if (this.#queue.length < limits.mailboxCapacity) this.#queue.push(message);
    else
      message.fail(
        new Failure("OVERLOADED", { what: `${limits.mailboxCapacity} queries wait for one of them to end`, at: message.address }),
      );
  }

  #start(message: Message): void {
    this.#running += 1;
    void this.#run(message).finally(() => {
      this.#running -= 1;
      while (this.#running < this.#init.limits.concurrency) {
        const next = this.#queue.shift();
        if (!next) return;
        if (!next.settled) this.#start(next);
      }
    });
  }

  async #run(message: Message): Promise<void> {
    let serving: Answering | undefined;
    try {
      await this.#init.caughtUp(message);
      const chosen = await this.#init.serving(message);
      if (message.settled) return;
      serving = chosen;
      serving.enter();
      // What it shows, its caller has seen: no later read of the same session may show less.
      if (message.session) for (const { log, partition, next } of serving.shown) message.session.saw(log, partition, next - 1);
      message.answer(await this.#answer(message, serving));
    } catch (error) {
      if (!message.settled && this.#init.passOn?.(message, error)) return;
      const failure = failureOf(error, message.address);
      if (failure.code === "DEFECT")
        this.#init.runtime.logger.log("error", "read_model.query_failed", {
          service: this.#init.service,
          operation: message.address,
          error,
        });
      message.fail(failure);
    } finally {
      serving?.leave();
    }
  }

  /** Ends with its message: a query that goes on after its deadline holds up nobody, and its result is dropped. */
  async #answer(message: Message, { file }: Answering): Promise<MessageAnswer> {
    const { behaviour, runtime } = this.#init;
    const { checks, name } = message.to;
    let broke: TableError | undefined;
    const query = (statement: Statement): Promise<Rows> =>
      file.query(statement).catch((error: unknown) => {
        if (isOfMedium(error)) broke ??= error;
        throw error;
      });
    const db = queryingKysely(query, message.address);
    const q = {
      key: "",
      version: 0,
      now: runtime.clock.now(),
      caller: message.caller,
      reject: (rejection: string, details: unknown) => new QueryRejection(rejection, details),
    };
    const given = await until(message, Promise.resolve(behaviour.queries[name]?.(db, message.input, q)), () => broke);
    return given instanceof QueryRejection
      ? { kind: "rejection", name: given.name, given: given.details, details: checks.rejection(given.name, given.details), replayed: false }
      : { kind: "reply", given, value: checks.reply(given), replayed: false };
  }
}

/** What says nothing about the query. */
export const isOfMedium = (error: unknown): error is TableError => error instanceof TableError && error.kind !== "refused";

/**
 * Rejects when `message` is settled before `work` is. What `broke` says comes first, whatever the query has made of that: its file
 * may have been removed under it.
 */
function until<T>(message: Message, work: Promise<T>, broke: () => TableError | undefined): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  message.onSettled = () => reject(new Failure("CANCELLED", { what: "nobody waits for it any more", at: message.address }));
  const answered = (value: T): void => {
    const error = broke();
    if (error) reject(error);
    else resolve(value);
  };
  work.then(answered, (error: unknown) => reject(broke() ?? error));
  return promise;
}

function failureOf(error: unknown, at: string): Failure {
  if (error instanceof Failure) return error;
  const what = error instanceof Error ? error.message : String(error);
  if (!isOfMedium(error)) return new Failure("DEFECT", { what, at, cause: error });
  return new Failure(error.kind === "overloaded" ? "OVERLOADED" : "UNAVAILABLE", { what, at, cause: error });
}
