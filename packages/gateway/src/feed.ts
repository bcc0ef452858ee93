// A feed: the messages of a topic as server-sent events, resumed by Last-Event-ID. Types, and the decoding into required fields;
// what a feed does with a request is in feed-plan.ts.
import { Failure } from "@atoll/core";
import type { AnyTopicRef, Given, Schema, TopicRef } from "@atoll/core/contract";
import { patternOf, type Pattern } from "./pattern.ts";
import type { HttpRequest } from "./route.ts";

type Callback = (r: HttpRequest<string, Schema, Schema>) => unknown;

type FeedHow<P, D> = NoInfer<
  D extends { readonly key: infer S }
    ? {
        /** Whose messages: those of one entity, or of "any". */
        readonly key: "any" | ((r: HttpRequest<P, void, void>) => Given<S>);
      }
    : {}
>;

type Maybe<H> = {} extends H ? [how?: H] : [how: H];

export interface Feed {
  readonly kind: "feed";
  readonly pattern: Pattern;
  readonly topic: AnyTopicRef;
  /** Undefined for the messages of all entities. */
  readonly key: Callback | undefined;
}

/**
 * A topic as server-sent events: each message once, in the order of its entity's log, from where `Last-Event-ID` says on. With a
 * key a feed begins with the first message of that entity, without one with those to come; `?from=` says otherwise.
 * INVALID_DEFINITION names what cannot be meant.
 */
export function feed<const P extends `GET /${string}`, D, M>(path: P, topic: TopicRef<D, M>, ...how: Maybe<FeedHow<P, D>>): Feed {
  return decodeFeed(path, topic, how[0] ?? {});
}

function decodeFeed(path: string, topic: AnyTopicRef, options: { readonly key?: unknown }): Feed {
  const require = (condition: boolean, what: string): void => {
    if (!condition) throw new Failure("INVALID_DEFINITION", { what, at: `feed "${path}"` });
  };
  const pattern = patternOf(path);
  require(pattern.method === "GET", "server-sent events are asked for with GET");
  require(typeof topic === "object" && topic.kind === "topic", "it must lead to a topic of a contract");
  for (const name of Object.keys(options)) require(name === "key", `there is no option "${name}"`);
  const { key = "any" } = options;
  require(typeof key === "function" || key === "any", '`key` must say which entity is meant, or "any"');
  require(options.key !== undefined || !topic.contract.$.keyed, '`key` must say which entity is meant, or "any"');
  require(key === "any" || topic.contract.$.keyed, "the contract has no key");
  return Object.freeze({ kind: "feed", pattern, topic, key: typeof key === "function" ? (key as Callback) : undefined });
}
