// A topic of a service that other nodes run, read over a link: a partition as a stream, the history of a key page by page. Both begin at a
// position, so a lost link, a restarted publisher or another node of it only means asking again from there.
import { Failure } from "../../base/failure.ts";
import { partitionOf } from "../../base/hash.ts";
import type { AnyTopicRef } from "../../contract/index.ts";
import type { EventSource, SourceItem, SourceLog, SourcePage, SourceReader } from "../../journal/index.ts";
import type { Answered } from "./peers.ts";
import type { Question, RemoteService } from "./remote-service.ts";
import { assertSameLog } from "./same-log.ts";
import { remoteLimits } from "./limits.ts";
import { TopicStream } from "./topic-stream.ts";
import { describeRest, historyRest, streamRest, type LogName, type TopicName, type WireItem } from "./wire.ts";

/** How long the publisher may take to say what it holds: whoever wants to read behind that is told that it is away. */
const refreshWithinMs = 2_000;

export class RemoteSource implements EventSource {
  readonly log: SourceLog;
  readonly #topic: AnyTopicRef;
  readonly #service: RemoteService;
  readonly #name: TopicName & LogName;
  readonly #heads: number[];

  private constructor(topic: AnyTopicRef, service: RemoteService, name: TopicName, { logId, timeline, heads }: Described) {
    this.log = { service: service.name, logId, timeline, partitions: heads.length };
    this.#topic = topic;
    this.#service = service;
    this.#name = { ...name, logId, timeline };
    this.#heads = [...heads];
  }

  /** Waits until the service answers, however long. Rejects with a `Failure`: INVALID_DEFINITION, ACCESS_DENIED. */
  static async open(topic: AnyTopicRef, service: RemoteService): Promise<RemoteSource> {
    const name = nameOf(topic);
    return new RemoteSource(topic, service, name, described(service, await service.ask(describeRest(name)).answer));
  }

  head(partition: number): number {
    return this.#heads[partition] as number;
  }

  readonly refresh = async (): Promise<void> => {
    const now = described(this.#service, await this.#service.answerWithin(refreshWithinMs, describeRest(this.#name)));
    assertSameLog(this.log.service, this.log, now);
    for (const [partition, head] of now.heads.entries()) this.#saw(partition, head);
  };

  partitionOf(key: string): number {
    return partitionOf(this.#name.contract, key, this.log.partitions);
  }

  read(partition: number, from: number): SourceReader {
    return new TopicStream({
      service: this.#service,
      from,
      limits: remoteLimits,
      rest: (at, bytesMax, demand) => streamRest(this.#name, partition, at, bytesMax, demand),
      item: (item) => this.#item(item),
      saw: (next) => this.#saw(partition, next),
    });
  }

  history(key: string, from: number): SourceReader {
    return new HistoryReader(this.#service, this.#name, key, from, (item) => this.#item(item));
  }

  #saw(partition: number, head: number): void {
    if (head > (this.#heads[partition] as number)) this.#heads[partition] = head;
  }

  #item({ offset, index, at, data, trace }: WireItem): SourceItem {
    const item = { offset, index, name: this.#topic.name, at, trace };
    try {
      return { ...item, data: this.#topic.check(data) };
    } catch (error) {
      return { ...item, data: undefined, error: error as Error };
    }
  }
}

type Described = Extract<Answered, { readonly kind: "log" }>;

const nameOf = ({ contract, name }: AnyTopicRef): TopicName => ({ contract: contract.$.name, version: contract.$.version, topic: name });

function described(service: RemoteService, answer: Answered): Described {
  if (answer.kind !== "log") throw unexpected(service, answer);
  return answer;
}

const unexpected = ({ name }: RemoteService, { kind }: Answered): Failure =>
  new Failure("UNAVAILABLE", { what: `it answered a question about its log with "${kind}"`, at: `service "${name}"` });

/** The pages of one key's history, each asked for by its position. */
class HistoryReader implements SourceReader {
  readonly #service: RemoteService;
  readonly #name: TopicName & LogName;
  readonly #key: string;
  readonly #item: (item: WireItem) => SourceItem;
  #position: number;
  #question: Question | undefined;
  #closed: (() => void) | undefined;
  #isClosed = false;

  constructor(service: RemoteService, name: TopicName & LogName, key: string, from: number, item: (item: WireItem) => SourceItem) {
    this.#service = service;
    this.#name = name;
    this.#key = key;
    this.#position = from;
    this.#item = item;
  }

  async next(bytesMax: number): Promise<SourcePage> {
    if (this.#isClosed) return { items: [], next: this.#position };
    const question = this.#service.ask(historyRest(this.#name, this.#key, this.#position, bytesMax));
    const closed = new Promise<undefined>((resolve) => (this.#closed = () => resolve(undefined)));
    this.#question = question;
    const answer = await Promise.race([question.answer, closed]);
    this.#question = undefined;
    if (!answer) return { items: [], next: this.#position };
    if (answer.kind !== "page") throw unexpected(this.#service, answer);
    this.#position = Math.max(this.#position, answer.next);
    return { items: answer.items.map(this.#item), next: this.#position };
  }

  close(): void {
    this.#isClosed = true;
    this.#question?.giveUp();
    this.#closed?.();
  }
}
