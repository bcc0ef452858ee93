// What one run of a handler may ask and tell: under its own deadline, with identities that a repetition of its command has again.
import { Failure } from "../base/failure.ts";
import type { At, Every, Tell } from "../contract/index.ts";
import type { NestedCalls } from "../handlers/index.ts";
import { type Message, nextSpan, type Session } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { AddressBooks, Asker } from "./address-book.ts";
import { everyOf } from "./every.ts";
import type { Telling } from "./outbox.ts";
import type { RunTells } from "./run-tells.ts";
import type { ServiceDeliveries } from "./service-deliveries.ts";

/** What one run of a handler asks of others. A class, because an object literal with a getter is a slow object of its own kind each time. */
export class RunCalls implements NestedCalls, Asker {
  readonly caller: string;
  /** The caller's own: what a handler's calls see, its caller has seen. */
  readonly session: Session | undefined;
  /** A span of its own. A field and no getter: every call reads it, and there is nothing to make where there is none. */
  readonly trace: string | undefined;
  acted = false;
  readonly #books: AddressBooks;
  readonly #deliveries: ServiceDeliveries;
  readonly #runtime: Runtime;
  readonly #message: Message;
  readonly #deadlineMs: number;
  #at: At | undefined = undefined;
  #tells: RunTells | undefined = undefined;
  #commands = 0;

  constructor(books: AddressBooks, deliveries: ServiceDeliveries, runtime: Runtime, caller: string, message: Message, deadlineMs: number) {
    this.caller = caller;
    this.session = message.session;
    this.trace = message.trace === undefined ? undefined : nextSpan(message.trace, runtime.random);
    this.#books = books;
    this.#deliveries = deliveries;
    this.#runtime = runtime;
    this.#message = message;
    this.#deadlineMs = deadlineMs;
  }

  /** Made when it is first asked for: many runs ask nobody. */
  get at(): At {
    return (this.#at ??= this.#books.of(this));
  }

  get every(): Every {
    return everyOf(this.#books.sender, this);
  }

  get tell(): Tell {
    const next = (): Telling => {
      const { random, clock } = this.#runtime;
      return { ...(this.identity() ?? { id: random.id(), minted: clock.now() }), withinMs: this.withinMs(), trace: this.trace };
    };
    this.#tells ??= this.#deliveries.tellsOf(next, (settled) => this.commanded(settled));
    return this.#tells.tell;
  }

  told(): Promise<unknown> | undefined {
    return this.#tells?.settled();
  }

  withinMs(): number {
    return this.#deadlineMs - this.#runtime.clock.monotonic();
  }

  /** The n-th command of one run has the same id on every retry of that run's own command. */
  identity(): { readonly id: string; readonly minted: number } | undefined {
    const { id, minted } = this.#message;
    return id === "" ? undefined : { id: `${id}/${(this.#commands += 1)}`, minted };
  }

  commanded(settled: Promise<unknown>): void {
    settled.then(
      () => (this.acted = true),
      (error: unknown) => (this.acted ||= !(error instanceof Failure) || error.outcome === "unknown"),
    );
  }
}
