// One call to every instance of a service without keys (ADR 0040): each that there is when it is sent gets a message of its own, and
// what becomes of all of them is told together.
//
//  E1  whole    There is exactly one entry for each instance that the directory named when it was sent, the own one included, which is
//               asked in process. None is left out, whatever becomes of it, and none that comes later is added.
//  E2  honest   Each entry says what its own instance did: "not delivered" only if that did not take it. One that is gone is UNAVAILABLE,
//               and whoever has its place now is not asked in its stead; one whose link was lost behind a command is UNKNOWN_OUTCOME; a
//               query is sent again, to the same instance only, and has no outcome that could be unknown. One that is named and does
//               not answer is waited for: DEADLINE.
//  E3  in time  It settles when the last has, no later than the deadline. As a whole it fails only with what concerns all: its input, that
//               nobody may ask this, that there is no instance, and what guards the dependency.
//  E4  bounded  Each of the messages counts where any other message would: beyond a bound its entry is OVERLOADED.
import type { Failure } from "../base/failure.ts";
import type { Message, MessageAnswer } from "../mailbox/index.ts";

/** Of a system in one process, as `atoll ps` shows it. */
export const onlyNode = "shared";

/** One of those that run a service. */
export interface Instance {
  /** Name of its node. */
  readonly node: string;
  /** It checks who calls, and takes the input as it was given. */
  readonly remote: boolean;
  readonly receiver: { receive(message: Message): void };
}

export type Each =
  | { readonly node: string; readonly failure?: undefined; readonly answer: MessageAnswer }
  | { readonly node: string; readonly failure: Failure };

type MessageTo = (instance: Instance, n: number, resolve: (answer: MessageAnswer) => void, reject: (failure: Failure) => void) => Message;

export class Broadcast {
  readonly #entries: Each[] = [];
  readonly #messages: Message[] = [];
  readonly #resolve: (each: readonly Each[]) => void;
  readonly #reject: (failure: Failure) => void;
  #left: number;

  private constructor(size: number, resolve: (each: readonly Each[]) => void, reject: (failure: Failure) => void) {
    this.#left = size;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /**
   * In their order, in which the own one is the last: the others need not wait for what that does at once. Settles exactly once, perhaps
   * before it returns. Throws what `messageTo` throws for the first: it is wrong with all.
   */
  static send(
    instances: readonly Instance[],
    resolve: (each: readonly Each[]) => void,
    reject: (failure: Failure) => void,
    messageTo: MessageTo,
  ): Broadcast {
    const broadcast = new Broadcast(instances.length, resolve, reject);
    for (const [n, instance] of instances.entries()) broadcast.#send(n, instance, messageTo);
    return broadcast;
  }

  get settled(): boolean {
    return this.#left === 0;
  }

  /** Gives up on those that have not answered. */
  fail(failure: Failure): void {
    for (const message of this.#messages) if (!message.settled) message.fail(failure);
  }

  #send(n: number, instance: Instance, messageTo: MessageTo): void {
    const { node, receiver } = instance;
    const failed = (failure: Failure): void => this.#settled(n, { node, failure });
    let message: Message;
    try {
      message = messageTo(instance, n, (answer) => this.#settled(n, { node, failure: undefined, answer }), failed);
    } catch (error) {
      if (n === 0) throw error;
      return failed(error as Failure);
    }
    this.#messages.push(message);
    receiver.receive(message);
  }

  /** Where all say that the caller may not ask this, it is refused as it is where the only instance is in the same process. */
  #settled(n: number, entry: Each): void {
    this.#entries[n] = entry;
    this.#left -= 1;
    if (this.#left > 0) return;
    const refused = this.#entries.every(({ failure }) => failure?.code === "ACCESS_DENIED") ? this.#entries[0]?.failure : undefined;
    if (refused) this.#reject(refused);
    else this.#resolve(this.#entries);
  }
}
