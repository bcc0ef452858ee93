import type { LogWriter, Sink, Submission } from "../src/journal/index.ts";
import { recordOf } from "../src/journal/tck/rows.ts";

/** Submits records, each of a key of its own, and writes down what it hears. */
export class Recorder implements Sink {
  readonly heard: string[] = [];
  readonly #writer: LogWriter;

  constructor(writer: LogWriter) {
    this.#writer = writer;
  }

  submit(partition: number, id: string, reply = "mine"): void {
    this.#writer.submit(partition, this, recordOf(`${id}-of-${partition}`, id, -1, { reply }));
  }

  committed({ record }: Submission): void {
    this.heard.push(`committed ${record.id}`);
  }

  rewind(doubted: boolean): void {
    this.heard.push(doubted ? "rewind after doubt" : "rewind");
  }

  resume(): void {
    this.heard.push("resume");
  }
}
