// Runs the `react` of one subscription: a message in, commands out. Pure, as far as `react` is; what it does wrong is a
// DEFECT, and then nothing of the message is told.
import { Failure } from "../base/failure.ts";
import type { Tell, Told } from "../contract/index.ts";
import { TellBooks, type ToldCommand } from "./tell.ts";

/** What `tell` gives to `react`: to be returned. To wait for it is a mistake, and never ends. */
class Returned implements Told {
  readonly kind = "told";
  readonly command: ToldCommand;

  constructor(command: ToldCommand) {
    this.command = command;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- the type says so, for handlers
  readonly then = (): never => undefined as never;
}

const none: readonly ToldCommand[] = [];

export class Reaction {
  readonly #at: string;
  readonly #react: (message: unknown, tell: Tell) => unknown;
  readonly #tell: Tell;
  /** Of the run that is under way. */
  #told: Set<unknown> | undefined;
  #running = false;

  /** `at` names the subscription, for messages to people. */
  constructor(at: string, react: (message: unknown, tell: Tell) => unknown, books = new TellBooks()) {
    this.#at = at;
    this.#react = react;
    this.#tell = books.of((command) => {
      if (!this.#running) throw this.#defect("`tell` was called after react had returned");
      const told = new Returned(command);
      (this.#told ??= new Set()).add(told);
      return told;
    });
  }

  /** The commands for one message, in the order in which they were returned. Throws a `Failure`: DEFECT, or what `react` threw. */
  commands(message: unknown): readonly ToldCommand[] {
    this.#running = true;
    this.#told = undefined;
    let returned: unknown;
    try {
      returned = this.#react(message, this.#tell);
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      throw this.#defect(cause instanceof Error ? cause.message : String(cause), cause);
    } finally {
      this.#running = false;
    }
    if (returned === undefined && this.#told === undefined) return none;
    return this.#returned(returned);
  }

  #returned(returned: unknown): readonly ToldCommand[] {
    if (returned instanceof Promise) {
      returned.catch(() => undefined); // it must not end the process as unhandled
      throw this.#defect("react is synchronous, and returned a promise");
    }
    const list: readonly unknown[] = Array.isArray(returned) ? returned : returned === undefined ? none : [returned];
    const open = new Set(this.#told);
    const commands: ToldCommand[] = [];
    for (const told of list) {
      if (!(told instanceof Returned)) throw this.#defect("react returns what `tell` gave it, a list of that, or undefined");
      if (!open.delete(told)) throw this.#defect("react returned twice, or from another message, what `tell` gave it once");
      commands.push(told.command);
    }
    for (const told of open) {
      const { to } = (told as Returned).command;
      throw this.#defect(`react told ${to.contract.$.name}.${to.name} and did not return it`);
    }
    return commands;
  }

  #defect(what: string, cause?: unknown): Failure {
    return new Failure("DEFECT", { what, at: this.#at, ...(cause === undefined ? {} : { cause }) });
  }
}
