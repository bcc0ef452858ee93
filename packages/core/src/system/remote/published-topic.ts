// A topic as other nodes read it: messages in the form in which they are in the log, each reader takes them by its own schema.
import type { AnyTopicRef } from "../../contract/index.ts";
import {
  ChainReader,
  headsOf,
  type LogWriter,
  messagesOf,
  type PlacedLine,
  type PlacedRecord,
  type SourceLog,
} from "../../journal/index.ts";
import { Failure } from "../../base/failure.ts";
import { storedTrace } from "../../mailbox/index.ts";
import type { Published } from "../event-sources.ts";
import { entryText, entryTextOf } from "./wire.ts";

export interface PublishedPage {
  /** As they travel. */
  readonly entries: readonly string[];
  readonly next: number;
}

export interface PublishedReader {
  /** As `SourceReader.next`. */
  next(bytesMax: number): Promise<PublishedPage>;
  close(): void;
}

export class PublishedTopic {
  readonly log: SourceLog;
  readonly #topic: AnyTopicRef;
  readonly #writer: LogWriter;
  readonly #traces: boolean;

  /** `traces`: the reader takes them. */
  constructor({ service, topic, writer }: Published, traces: boolean) {
    this.log = { service, ...writer.journal.meta };
    this.#topic = topic;
    this.#writer = writer;
    this.#traces = traces;
  }

  heads(): readonly number[] {
    return headsOf(this.#writer);
  }

  /** Throws LOG_FORKED for a place that the log does not have. */
  read(partition: number, from: number): PublishedReader {
    if (partition >= this.log.partitions || from > this.#writer.durable(partition)) {
      const what = `its log has no offset ${from} in partition ${partition}`;
      throw new Failure("LOG_FORKED", { what, at: `service "${this.log.service}"` });
    }
    const follower = this.#writer.follow(partition, from);
    return {
      next: async (bytesMax) => {
        const page = await follower.nextLines(bytesMax);
        return { entries: this.#entries(page), next: follower.position };
      },
      close: () => follower.close(),
    };
  }

  history(key: string, from: number): PublishedReader {
    const type = this.#topic.contract.$.name;
    const chain = new ChainReader(this.#writer, this.#writer.partitionOf(type, key), { type, key }, from);
    return {
      next: async (bytesMax) => {
        const { records, next } = await chain.next(bytesMax);
        return { entries: records.flatMap((placed) => this.#entriesOf(placed)), next };
      },
      close: () => chain.close(),
    };
  }

  #entries(page: readonly PlacedLine[]): readonly string[] {
    const [type, topic] = [JSON.stringify(this.#topic.contract.$.name), JSON.stringify(this.#topic.name)];
    const entries: string[] = [];
    for (const { offset, line } of page) {
      const read = messagesOf(line, type, topic);
      if (!read) continue;
      const trace = this.#traceOf(read.trace.slice(1, -1)); // it is JSON text, and a trace needs no escapes
      for (const message of read.messages) entries.push(entryText(offset, read, message, trace));
    }
    return entries;
  }

  #entriesOf({ offset, record }: PlacedRecord): readonly string[] {
    const { name, contract } = this.#topic;
    if (record.type !== contract.$.name) return [];
    const { key, version, now, caller, topics = [] } = record;
    const trace = this.#traceOf(record.trace);
    return topics.flatMap(([topic, data], index) =>
      topic === name ? [entryTextOf({ offset, index, at: { key, version, now, caller }, data, trace })] : [],
    );
  }

  #traceOf(text: string | undefined): string | undefined {
    return this.#traces && text !== "" ? storedTrace(text) : undefined;
  }
}
