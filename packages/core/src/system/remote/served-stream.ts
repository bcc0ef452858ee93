// The publisher's end of a stream: reads the log when its machine says so, and hands one batch at a time to the link
// (stream-machine.ts). Between two batches it is a follower and three numbers.
import type { PublishedPage, PublishedReader } from "./published-topic.ts";
import { sendingNothing, stepSending, type SendingInput, type SendingStream, type StreamLimits } from "./stream-machine.ts";
import { MalformedFrame } from "./frame-members.ts";
import { batchRest, type Rest } from "./wire.ts";

export interface ServedStreamInit {
  readonly reader: PublishedReader;
  /** Of a batch. */
  readonly bytesMax: number;
  readonly limits: StreamLimits;
  /** Calls `left` when the link has taken it, perhaps before it returns. */
  readonly send: (batch: Rest) => void;
  /** Its last word: the log cannot be read. */
  readonly failed: (error: unknown) => void;
}

export class ServedStream {
  readonly #init: ServedStreamInit;
  #state: SendingStream = sendingNothing;

  constructor(init: ServedStreamInit) {
    this.#init = init;
  }

  get over(): boolean {
    return this.#state.phase === "over";
  }

  /** Throws `MalformedFrame`. */
  demand(total: number): void {
    this.#step({ kind: "demand", total });
  }

  /** The batch that was handed over is under way. */
  left(): void {
    this.#step({ kind: "left" });
  }

  giveUp(): void {
    this.#step({ kind: "close" });
    this.#init.reader.close();
  }

  #step(input: SendingInput, page?: PublishedPage): void {
    const [state, effects] = stepSending(this.#init.limits, this.#state, input);
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind === "violated") throw new MalformedFrame(effect.why);
      if (effect.kind === "read") void this.#read();
      else if (page) this.#init.send(batchRest(effect.number, page.next, page.entries));
    }
  }

  async #read(): Promise<void> {
    const { reader, bytesMax, failed } = this.#init;
    try {
      const page = await reader.next(bytesMax);
      this.#step({ kind: "page" }, page);
    } catch (error) {
      if (this.over) return;
      this.giveUp();
      failed(error);
    }
  }
}
