// What a feed does with a request: where it begins, for which key, and the stream that answers it.
import { Failure } from "@atoll/core";
import type { AnyTopicRef } from "@atoll/core/contract";
import type { Edge, EventSource, Place } from "@atoll/core/edge";
import type { Counter } from "@atoll/core/runtime";
import type { Answer } from "./answer.ts";
import type { EdgeRequest } from "./edge-request.ts";
import { placesOf } from "./feed-position.ts";
import { FeedStream, type FeedEnd } from "./feed-stream.ts";
import type { Feed } from "./feed.ts";
import { keyPlace } from "./key-place.ts";
import type { Limits } from "./limits.ts";
import { LiveTopic } from "./live-topic.ts";
import { Problem, problemOf } from "./problem.ts";
import { parseQuery } from "./query.ts";
import { paramsOf, RouteRequest, type Target } from "./request.ts";

export interface FeedArrival {
  readonly request: EdgeRequest;
  readonly target: Target;
  /** Decoded path parameters, in the order of the path. */
  readonly values: readonly string[];
  readonly cut: (() => void) | undefined;
}

const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-accel-buffering": "no", // proxies that collect answers would keep the messages back
};

/** How long a client waits for a topic's publisher to be found (ms). */
const openWithinMs = 5_000;

type OpenTopic = () => Promise<LiveTopic>;

/** The feeds that are open at one moment. */
export class Feeds {
  readonly #edge: Edge;
  readonly #limits: Limits;
  readonly #open = new Set<FeedStream>();
  readonly #topics = new Map<AnyTopicRef, OpenTopic>();
  readonly #ended = new Map<FeedEnd, Counter>();

  constructor(edge: Edge, limits: Limits) {
    this.#edge = edge;
    this.#limits = limits;
    edge.runtime.metrics.gauge("atoll_http_feeds", "Open feeds.", {}, () => this.#open.size);
  }

  /** INVALID_DEFINITION if the topic is not for the gateway, or nobody publishes it. What it returns opens it, once. */
  live(topic: AnyTopicRef): OpenTopic {
    let live = this.#topics.get(topic);
    if (live) return live;
    const source = this.#edge.topic(topic);
    let opened: Promise<LiveTopic> | undefined;
    const open = async (): Promise<LiveTopic> => new LiveTopic(await source(), this.#edge.runtime);
    live = () =>
      (opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      }));
    this.#topics.set(topic, live);
    return live;
  }

  open(
    live: LiveTopic,
    key: string | undefined,
    partitions: readonly (readonly [partition: number, place: Place])[],
    cut: (() => void) | undefined,
  ): ReadableStream<Uint8Array> {
    const { feedsMax } = this.#limits;
    if (this.#open.size >= feedsMax) throw new Failure("OVERLOADED", { what: `${feedsMax} feeds are open`, at: "gateway" });
    const { runtime } = this.#edge;
    const feed = new FeedStream({
      live,
      key,
      partitions,
      cut,
      runtime,
      limits: this.#limits,
      ended: (ended, why) => this.#end(ended, why),
    });
    this.#open.add(feed);
    return feed.body;
  }

  close(): void {
    for (const feed of this.#open) feed.close();
  }

  #end(feed: FeedStream, reason: FeedEnd): void {
    this.#open.delete(feed);
    let counter = this.#ended.get(reason);
    if (!counter) {
      counter = this.#edge.runtime.metrics.counter("atoll_http_feeds_ended_total", "Feeds that have ended.", { reason });
      this.#ended.set(reason, counter);
    }
    counter.add(1);
  }
}

export class FeedPlan {
  readonly feed: Feed;
  readonly #feeds: Feeds;
  readonly #live: OpenTopic;
  readonly #edge: Edge;

  constructor(feed: Feed, edge: Edge, feeds: Feeds) {
    this.feed = feed;
    this.#edge = edge;
    this.#feeds = feeds;
    this.#live = feeds.live(feed.topic);
  }

  /** Rejects with a `Problem` or a `Failure`, or what the callback throws. HEAD is checked in the same way, and opens nothing. */
  async answer({ request, target, values, cut }: FeedArrival): Promise<Answer> {
    const live = await this.#opened();
    const { source } = live;
    await source.refresh?.();
    const key = this.#key(request, target, values);
    const partition = key === undefined ? undefined : source.partitionOf(key);
    const partitions = partition === undefined ? Array.from({ length: source.log.partitions }, (_, p) => p) : [partition];
    const places =
      begin(request, target, source, partition) ?? partitions.map((p) => ({ offset: key === undefined ? source.head(p) : 0, index: -1 }));
    if (request.method === "HEAD") return { status: 200, headers, body: null };
    const from = partitions.map((p, i) => [p, places[i] as Place] as const);
    return { status: 200, headers, body: null, stream: this.#feeds.open(live, key, from, cut) };
  }

  /** A publisher elsewhere may be away: a client is not kept waiting for it without end. */
  async #opened(): Promise<LiveTopic> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const what = `the publisher of topic ${this.feed.topic.name} does not answer now`;
    const timer = this.#edge.runtime.timers.after(openWithinMs, () => reject(new Failure("UNAVAILABLE", { what, at: "gateway" })));
    try {
      return await Promise.race([this.#live(), late]);
    } finally {
      timer.cancel();
    }
  }

  #key(request: EdgeRequest, target: Target, values: readonly string[]): string | undefined {
    const { key: keyOf, pattern, topic } = this.feed;
    if (!keyOf) return undefined;
    const params = paramsOf(pattern.names, values);
    const { random } = this.#edge.runtime;
    const r = new RouteRequest(request, { params, query: undefined, body: undefined, origin: target.origin, scope: undefined, random });
    const key = keyOf(r as unknown as Parameters<typeof keyOf>[0]);
    try {
      return topic.contract.$.checkKey(key);
    } catch (error) {
      throw problemOf(error, () => keyPlace(key, params));
    }
  }
}

/** Where the client wants to begin; undefined if it does not say. A client that comes back says it in Last-Event-ID, which counts then. */
function begin(
  { headers: given }: EdgeRequest,
  { search }: Target,
  source: EventSource,
  partition: number | undefined,
): readonly Place[] | undefined {
  const { from } = parseQuery(search, new Map());
  const text = given.get("last-event-id")?.trim() || from;
  if (text === undefined) return undefined;
  if (typeof text !== "string") throw new Problem("MALFORMED", { detail: "`from` may be given once." });
  const partitions = partition === undefined ? Array.from({ length: source.log.partitions }, (_, p) => p) : [partition];
  if (text === "start" || text === "0") return partitions.map(() => ({ offset: 0, index: -1 }));
  if (text === "now") return partitions.map((p) => ({ offset: source.head(p), index: -1 }));
  return placesOf(text, source, partition);
}
