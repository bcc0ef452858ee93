// A message as the kernel sees it. The clock is read when the query asks for the time: most do not, and the reading costs
// more than many a query.
import type { Message } from "../mailbox/index.ts";
import type { Clock } from "../runtime/index.ts";
import type { Question } from "./kernel.ts";

export class Asked implements Question {
  readonly name: string;
  readonly input: unknown;
  readonly key: string;
  readonly caller: string;
  readonly #clock: Clock;

  constructor(message: Message, clock: Clock) {
    this.name = message.to.name;
    this.input = message.input;
    this.key = message.key;
    this.caller = message.caller;
    this.#clock = clock;
  }

  get now(): number {
    return this.#clock.now();
  }
}
