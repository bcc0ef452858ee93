// Finds the log behind an entity or a topic, for a service that wants to read it, and reads it for them: entities' events by
// the entity's own kernel, topics' messages by the reader's schema. A topic of a service that other nodes run is read over a link.
import { Failure } from "../base/failure.ts";
import type { AnyContract, AnyTopicRef } from "../contract/index.ts";
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
import { storedTrace } from "../mailbox/index.ts";
import { operator } from "./router.ts";

/** A service that other nodes run, as whoever wants to read its topics sees it. */
export interface RemotePublisher {
  readonly name: string;
  /** Waits until it answers. Rejects with a `Failure`. */
  open(topic: AnyTopicRef): Promise<EventSource>;
}

/** A topic of a log that is here, for a reader on another node. */
export interface Published {
  readonly service: string;
  readonly topic: AnyTopicRef;
  readonly writer: LogWriter;
}

/** The entities of one contract, and whose log they write. */
interface Publisher {
  readonly service: string;
  readonly contract: AnyContract;
  /** Undefined for a service that other nodes run. */
  readonly here: { readonly kernel: EntityKernel; readonly writer: LogWriter } | undefined;
  readonly remote: RemotePublisher | undefined;
  /** False where other nodes run the service as well, and one of them has the log open: that one is asked. */
  readonly isHost: () => boolean;
}

/** That other nodes run the service as well, of which one has the log open. */
export interface SharedPublisher {
  readonly hosts: boolean;
  readonly publisher: RemotePublisher;
}

export class EventSources {
  readonly #publishers = new Map<string, Publisher>();

  /** Before anybody looks for a source: services are opened first, and read each other afterwards. */
  add(service: string, contract: AnyContract, kernel: EntityKernel, writer: LogWriter, shared?: SharedPublisher): void {
    const isHost = (): boolean => shared?.hosts !== false;
    this.#publishers.set(kernel.type, { service, contract, here: { kernel, writer }, remote: shared?.publisher, isHost });
  }

  addRemote(contract: AnyContract, remote: RemotePublisher): void {
    this.#publishers.set(contract.$.name, { service: remote.name, contract, here: undefined, remote, isHost: () => false });
  }

  /**
   * Throws INVALID_DEFINITION: events are private to a service, a topic is for those that its contract's access lists. What it
   * returns opens the source: at once if the log is here, else as soon as a node of the publisher answers.
   */
  of(reader: string, source: AnyEntity | AnyTopicRef): () => EventSource | Promise<EventSource> {
    return source.kind === "topic" ? this.topic(reader, source) : this.entity(reader, source);
  }

  entity(reader: string, { contract }: AnyEntity): () => EventSource {
    const { name } = contract.$;
    const publisher = this.#publishers.get(name);
    if (publisher?.service !== reader || !publisher.here) {
      const owner = publisher ? `entity "${name}" belongs to service "${publisher.service}"` : `no service here has entity "${name}"`;
      throw new Failure("INVALID_DEFINITION", { what: `${owner}: others read a topic of it`, at: `service "${reader}"` });
    }
    const { kernel, writer } = publisher.here;
    return () => eventSource(publisher.service, kernel, writer);
  }

  topic(reader: string, topic: AnyTopicRef): () => EventSource | Promise<EventSource> {
    const { service, here, remote, isHost } = this.#publisher(reader, topic);
    return () => (here && isHost() ? topicSource(service, topic, here) : (remote as RemotePublisher).open(topic));
  }

  /** UNAVAILABLE if other nodes run its service. */
  topicHere(reader: string, topic: AnyTopicRef): EventSource {
    const { service, here } = this.#publisher(reader, topic);
    if (here) return topicSource(service, topic, here);
    throw new Failure("UNAVAILABLE", {
      what: `its log is where service "${service}" runs: read it there`,
      at: `${topic.contract.$.name}.${topic.name}`,
    });
  }

  /** Whether it can be opened at once. */
  isHere(topic: AnyTopicRef): boolean {
    const publisher = this.#publishers.get(topic.contract.$.name);
    return publisher?.here !== undefined && publisher.isHost();
  }

  /** For a reader on another node. Throws a `Failure`. */
  published(reader: string, contract: string, version: number, name: string): Published {
    const publisher = this.#publishers.get(contract);
    const at = `${contract}.${name}`;
    const topic = publisher?.contract.$.topics[name];
    if (!publisher?.here || !topic) throw new Failure("UNAVAILABLE", { what: `this node has no log with topic "${at}"`, at });
    const { writer } = publisher.here;
    if (version !== publisher.contract.$.version) {
      const what = `it is of version ${publisher.contract.$.version} of the contract, not ${version}`;
      throw new Failure("INVALID_DEFINITION", { what, at });
    }
    if (!isFor(reader, topic, publisher.service)) {
      throw new Failure("ACCESS_DENIED", { what: `service "${reader}" is not listed for it`, at });
    }
    return { service: publisher.service, topic, writer };
  }

  #publisher(reader: string, topic: AnyTopicRef): Publisher {
    const { name, version } = topic.contract.$;
    const at = `service "${reader}"`;
    const publisher = this.#publishers.get(name);
    if (!publisher) throw new Failure("INVALID_DEFINITION", { what: `no entity of this system publishes ${name}.${topic.name}`, at });
    const { version: has } = publisher.contract.$;
    if (has !== version) {
      const what = `service "${publisher.service}" implements version ${has} of contract "${name}", not ${version}`;
      throw new Failure("INVALID_DEFINITION", { what, at });
    }
    if (!isFor(reader, topic, publisher.service)) {
      const what = `topic ${name}.${topic.name} is not for it: list "${reader}" under \`access.${topic.name}\` of the contract`;
      throw new Failure("INVALID_DEFINITION", { what, at });
    }
    return publisher;
  }
}

const isFor = (reader: string, { access }: AnyTopicRef, publisher: string): boolean =>
  access === "any" || publisher === reader || reader === operator || access.includes(reader);

type ItemsOf = (placed: PlacedRecord) => readonly SourceItem[];

/** The events of one entity type, from the log that they are in. */
export const eventSource = (service: string, kernel: EntityKernel, writer: LogWriter): EventSource =>
  sourceOf(service, writer, kernel.type, (placed) => eventsOf(kernel, placed));

const topicSource = (service: string, topic: AnyTopicRef, { kernel, writer }: NonNullable<Publisher["here"]>): EventSource =>
  sourceOf(service, writer, kernel.type, (placed) => messagesOf(topic, placed));

function sourceOf(service: string, writer: LogWriter, type: string, itemsOf: ItemsOf): EventSource {
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
  const trace = storedTrace(record.trace);
  return events.map((event, index): SourceItem => {
    const at = { key, version: record.version - events.length + index + 1, now, caller };
    return { offset, index, name: event[0], at, trace, ...dataOf(() => kernel.read(event, key)) };
  });
}

function messagesOf(topic: AnyTopicRef, { offset, record }: PlacedRecord): readonly SourceItem[] {
  const { type, key, version, now, caller, topics = [] } = record;
  if (type !== topic.contract.$.name || topics.length === 0) return [];
  const trace = storedTrace(record.trace);
  return topics.flatMap(([name, data], index): readonly SourceItem[] => {
    if (name !== topic.name) return [];
    return [{ offset, index, name, at: { key, version, now, caller }, trace, ...dataOf(() => topic.check(data)) }];
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
