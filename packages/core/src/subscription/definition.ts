// `subscription`: the definition of a service's reaction to somebody's topic. Here it is typed and checked; the deliverer
// (deliverer.ts) runs it.
import { Failure } from "../base/failure.ts";
import { isName, nameRule, type AnyTopicRef, type Deep, type Tell, type Told, type TopicRef } from "../contract/index.ts";

export interface SubscriptionOptions {
  /**
   * Where it begins in a log that it has not read before: "start", the default, with the first message that is stored; "now", with
   * what is published after the system has started with it for the first time.
   */
  readonly from?: "start" | "now";
}

/** A subscription as code that serves all of them sees it. */
export interface AnySubscription {
  readonly kind: "subscription";
  readonly name: string;
  readonly topic: AnyTopicRef;
  readonly from: "start" | "now";
  readonly react: (message: unknown, tell: Tell) => unknown;
}

export interface Subscription<D, M> extends AnySubscription {
  readonly topic: TopicRef<D, M> & AnyTopicRef;
}

/**
 * Whenever the topic says so, tell: each command that `react` returns for a message is applied once by the entity that it is for,
 * in the order of the messages of one publishing entity, whatever crashes (laws D1 to D6, deliverer.ts). `react` is pure and
 * synchronous: it may run again on the same message. A target that does not answer is waited for, and after 256 commands the other targets
 * of the same partition wait with it (D6). The name is what it is known by: under another name it begins anew.
 * Throws `Failure` INVALID_DEFINITION for what is no subscription.
 */
export function subscription<D, M>(
  name: string,
  topic: TopicRef<D, M>,
  react: NoInfer<(message: Deep<M>, tell: Tell) => Told | readonly Told[] | undefined>,
  options: SubscriptionOptions = {},
): Subscription<D, M> {
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at: `subscription "${name}"` });
  };
  if (!isName(name)) refuse(nameRule);
  if ((topic as Partial<AnyTopicRef> | undefined)?.kind !== "topic") refuse("it is not of a topic: pass one of a contract's `topics`");
  if (typeof react !== "function") refuse("`react` is not a function");
  const { from = "start" } = options;
  if (from !== "start" && from !== "now") refuse(`\`from\` is "start" or "now", not "${String(from)}"`);
  const known = topic as unknown as Subscription<D, M>["topic"];
  return Object.freeze({ kind: "subscription", name, topic: known, from, react: react as AnySubscription["react"] });
}
