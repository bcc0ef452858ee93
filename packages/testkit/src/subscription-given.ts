// given / when / then for subscriptions: a message of the topic, and whom it makes the subscription tell what.
//
//   given(sellConfirmed).when({ orderId: "o1", lines }).tells((tell) => [tell(Stock, "tea").sell({ orderId: "o1" })]);
import { AssertionError } from "node:assert";
import { Failure } from "@atoll/core";
import type { Json, Tell, Told } from "@atoll/core/contract";
import { Reaction, type Subscription, type ToldCommand } from "@atoll/core/subscription";
import { differences } from "./difference.ts";
import { differenceLines, valueText } from "./report.ts";

/** A subscription that hears of something. */
export interface Hearing<M> {
  /** Reacts to the message, which must match the topic's schema; then say what is expected. */
  when(message: M): Reacted;
}

export interface Reacted {
  /** Exactly these commands, in this order, each with an input that its contract accepts. */
  tells(expected: (tell: Tell) => Told | readonly Told[]): void;
  tellsNothing(): void;
}

const shownDifferences = 10;

export function hearing<D, M>(subscription: Subscription<D, M>): Hearing<M> {
  const { name, topic, react } = subscription;
  const at = `subscription "${name}"`;
  return {
    when(message) {
      const checked = topic.check(message);
      const fail = (headline: string, told?: readonly Json[]): never => {
        const lines = [`${at}: ${headline}`, `message   ${valueText(message)}`, ...(told ? [`told      ${valueText(told)}`] : [])];
        throw new AssertionError({ message: lines.join("\n"), operator: "given" });
      };
      const run = (): readonly Json[] => {
        try {
          return new Reaction(name, react).commands(checked).map(plain);
        } catch (error) {
          return fail(error instanceof Error ? error.message : String(error));
        }
      };
      const told = run();
      if (differences(run(), told, 1).length > 0) fail("it is not pure: a second run on the same message told something else", told);
      const compare = (expected: readonly Json[]): void => {
        const found = differences(told, expected, shownDifferences);
        if (found.length > 0)
          fail(["it tells something else than expected", ...differenceLines(found).map((line) => `  ${line}`)].join("\n"), told);
      };
      return {
        tells: (expected) => compare(new Reaction("expected", (_, tell) => expected(tell)).commands(checked).map(plain)),
        tellsNothing: () => compare([]),
      };
    },
  };
}

/** As its receiver takes it. Throws a `Failure` for a key or an input that it would refuse. */
function plain({ to, key, input }: ToldCommand): Json {
  const { name, checkKey } = to.contract.$;
  const command = `${name}/${checkKey(key)}.${to.name}`;
  try {
    return { command, input: (to.checks.input(input) ?? null) as Json };
  } catch (error) {
    if (error instanceof Failure)
      throw new Failure(error.code, { what: `${command} would refuse its input: ${error.message}`, cause: error });
    throw error;
  }
}
