// A topic as other nodes read it: messages in the form in which they are in the log, each reader takes them by its own schema.
import type { AnyTopicRef } from "../../contract/index.ts";
import { ChainReader, headsOf, type LogWriter, type PlacedRecord, type SourceLog } from "../../journal/index.ts";
import { Failure } from "../../base/failure.ts";
import type { Published } from "../event-sources.ts";
import type { WireItem } from "./wire.ts";

export interface PublishedReader {
  /** As `SourceReader.next`. */
  next(bytesMax: number): Promise<{ readonly items: readonly WireItem[]; readonly next: number }>;
  close(): void;
}

export class PublishedTopic {
  readonly log: SourceLog;
  readonly #topic: AnyTopicRef;
  readonly #writer: LogWriter;

  constructor({ service, topic, writer }: Published) {
    this.log = { service, ...writer.journal.meta };
    this.#topic = topic;
    this.#writer = writer;
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
        const page = await follower.next(bytesMax);
        return { items: this.#items(page), next: follower.position };
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
        return { items: this.#items(records), next };
      },
      close: () => chain.close(),
    };
  }

  #items(page: readonly PlacedRecord[]): readonly WireItem[] {
    const { name, contract } = this.#topic;
    return page.flatMap(({ offset, record }) => {
      if (record.type !== contract.$.name) return [];
      const { key, version, now, caller, topics = [] } = record;
      return topics.flatMap(([topic, data], index) => (topic === name ? [{ offset, index, at: { key, version, now, caller }, data }] : []));
    });
  }
}
