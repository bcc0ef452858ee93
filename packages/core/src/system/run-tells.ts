// What one run of a handler tells. The answer of the run leaves after all of it is in the log, whether or not the handler waits
// for it: what is acknowledged is durable.
import type { Tell, Told } from "../contract/index.ts";
import type { TellBooks, ToldCommand } from "../subscription/index.ts";

/** A tell that is being recorded. */
class Recording implements Told {
  readonly kind = "told";
  /** Somebody hears how it ends. */
  heard = false;
  readonly recorded: Promise<void>;

  constructor(recorded: Promise<void>) {
    this.recorded = recorded;
    recorded.catch(() => undefined); // whoever waits for it hears of it; if nobody does, the run does
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a `Told` is awaited
  then<A = void, B = never>(
    told?: ((value: void) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.heard = true;
    return this.recorded.then(told, failed);
  }
}

export class RunTells {
  readonly tell: Tell;
  #open: Recording[] | undefined;

  /** `record` resolves once a command is in the log. */
  constructor(books: TellBooks, record: (command: ToldCommand) => Promise<void>) {
    this.tell = books.of((command) => {
      const recording = new Recording(record(command));
      (this.#open ??= []).push(recording);
      return recording;
    });
  }

  /** Undefined if there is nothing to wait for. Rejects as the first that could not be recorded and that nobody has waited for. */
  settled(): Promise<unknown> | undefined {
    const open = this.#open?.filter(({ heard }) => !heard);
    return open && open.length > 0 ? Promise.all(open.map(({ recorded }) => recorded)) : undefined;
  }
}
