// Finds the log behind an entity or a topic, for a service that wants to read it, and reads it for them: entities' events by
// the entity's own kernel, topics' messages by the reader's schema.
import { Failure } from "../base/failure.ts";
import type { AnyTopicRef } from "../contract/index.ts";
import type { AnyEntity, EntityKernel } from "../entity/index.ts";
import {
  ChainReader,
  type EventSource,
  type LogFollower,
  type LogWriter,
  type PlacedRecord,
  type SourceItem,
  type SourcePage,
  type SourceReader,
} from "../journal/index.ts";
import { operator } from "./router.ts";

/** The entities of one contract, and whose log they write. */
interface Publisher {
  readonly service: string;
  readonly version: number;
  readonly kernel: EntityKernel;
  readonly writer: LogWriter;
}

export class EventSources {
  readonly #publishers = new Map<string, Publisher>();

  /** Before anybody looks for a source: services are opened first, and read each other afterwards. */
  add(service: string, version: number, kernel: EntityKernel, writer: LogWriter): void {
    this.#publishers.set(kernel.type, { service, version, kernel, writer });
  }

  /** Throws INVALID_DEFINITION: events are private to a service, a topic is for those that its contract's access lists, and for the operator. */
  of(reader: string, source: AnyEntity | AnyTopicRef): EventSource {
    return source.kind === "topic" ? this.topic(reader, source) : this.entity(reader, source);
  }

  entity(reader: string, { contract }: AnyEntity): EventSource {
    const { name } = contract.$;
    const publisher = this.#publishers.get(name);
    if (publisher?.service !== reader) {
      const owner = publisher ? `entity "${name}" belongs to service "${publisher.service}"` : `no service here has entity "${name}"`;
      throw new Failure("INVALID_DEFINITION", { what: `${owner}: others read a topic of it`, at: `service "${reader}"` });
    }
    const { kernel, writer } = publisher;
    return eventSource(publisher.service, kernel, writer);
  }

  topic(reader: string, topic: AnyTopicRef): EventSource {
    const { name, version } = topic.contract.$;
    const at = `service "${reader}"`;
    const publisher = this.#publishers.get(name);
    if (!publisher) throw new Failure("INVALID_DEFINITION", { what: `no entity of this system publishes ${name}.${topic.name}`, at });
    if (publisher.version !== version) {
      const what = `service "${publisher.service}" implements version ${publisher.version} of contract "${name}", not ${version}`;
      throw new Failure("INVALID_DEFINITION", { what, at });
    }
    const allowed = topic.access === "any" || publisher.service === reader || reader === operator || topic.access.includes(reader);
    if (!allowed) {
      const what = `topic ${name}.${topic.name} is not for it: list "${reader}" under \`access.${topic.name}\` of the contract`;
      throw new Failure("INVALID_DEFINITION", { what, at });
    }
    return sourceOf(publisher, (placed) => messagesOf(topic, placed));
  }
}

type ItemsOf = (placed: PlacedRecord) => readonly SourceItem[];

/** The events of one entity type, from the log that they are in. */
export const eventSource = (service: string, kernel: EntityKernel, writer: LogWriter): EventSource =>
  sourceOf({ service, kernel, writer }, (placed) => eventsOf(kernel, placed));

function sourceOf({ service, writer, kernel: { type } }: Pick<Publisher, "service" | "kernel" | "writer">, itemsOf: ItemsOf): EventSource {
  const partitionOf = (key: string): number => writer.partitionOf(type, key);
  return {
    log: { service, ...writer.journal.meta },
    head: (partition) => writer.durable(partition),
    partitionOf,
    read: (partition, from) => new LogReader(writer.follow(partition, from), itemsOf),
    history: (key, from) => new HistoryReader(new ChainReader(writer, partitionOf(key), { type, key }, from), itemsOf),
  };
}

class LogReader implements SourceReader {
  readonly #follower: LogFollower;
  readonly #itemsOf: ItemsOf;

  constructor(follower: LogFollower, itemsOf: ItemsOf) {
    this.#follower = follower;
    this.#itemsOf = itemsOf;
  }

  async next(bytesMax: number): Promise<SourcePage> {
    const page = await this.#follower.next(bytesMax);
    return { items: page.flatMap((placed) => this.#itemsOf(placed)), next: this.#follower.position };
  }

  close(): void {
    this.#follower.close();
  }
}

class HistoryReader implements SourceReader {
  readonly #chain: ChainReader;
  readonly #itemsOf: ItemsOf;

  constructor(chain: ChainReader, itemsOf: ItemsOf) {
    this.#chain = chain;
    this.#itemsOf = itemsOf;
  }

  async next(bytesMax: number): Promise<SourcePage> {
    const { records, next } = await this.#chain.next(bytesMax);
    return { items: records.flatMap((placed) => this.#itemsOf(placed)), next };
  }

  close(): void {
    this.#chain.close();
  }
}

function eventsOf(kernel: EntityKernel, { offset, record }: PlacedRecord): readonly SourceItem[] {
  const { type, key, now, caller, events } = record;
  if (type !== kernel.type) return [];
  return events.map((event, index): SourceItem => {
    const at = { key, version: record.version - events.length + index + 1, now, caller };
    return { offset, index, name: event[0], at, ...dataOf(() => kernel.read(event, key)) };
  });
}

function messagesOf(topic: AnyTopicRef, { offset, record }: PlacedRecord): readonly SourceItem[] {
  const { type, key, version, now, caller, topics = [] } = record;
  if (type !== topic.contract.$.name) return [];
  return topics.flatMap(([name, data], index): readonly SourceItem[] => {
    if (name !== topic.name) return [];
    return [{ offset, index, name, at: { key, version, now, caller }, ...dataOf(() => topic.check(data)) }];
  });
}

/** What cannot be read is an item like others: who reads decides what becomes of it. */
function dataOf(read: () => unknown): Pick<SourceItem, "data" | "error"> {
  try {
    return { data: read() };
  } catch (error) {
    return { data: undefined, error: error instanceof Error ? error : new Failure("DEFECT", { what: String(error) }) };
  }
}
