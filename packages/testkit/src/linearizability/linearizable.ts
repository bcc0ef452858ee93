// Whether what callers saw can be explained by an object that does one operation after the other: each between its call and its answer.
// Judged key by key, since objects that are linearizable each are so together. What cannot be explained is told by the first answer that
// no order explains, and by what was possible when its operation was called.
import { AssertionError } from "node:assert";
import type { Operation } from "./history.ts";
import { search, type SearchLimits, type Sequential, textOf } from "./search.ts";

/** The smallest piece of a history that shows that it is not linearizable. */
export interface Contradiction<State, Input, Output> {
  readonly key: string;
  /** The first operation with an answer that nothing explains. */
  readonly operation: Operation<Input, Output>;
  /** The states that were possible when it was called, as far as it was found out: at most `waysMax` were looked at. */
  readonly states: readonly State[];
  /** Answered before it was called: the last of them, in the order of their answers. */
  readonly before: readonly Operation<Input, Output>[];
  /** Called before it was answered, and open when it was called: they may have taken effect before it or not. */
  readonly meanwhile: readonly Operation<Input, Output>[];
}

export type Verdict<State, Input, Output> =
  | { readonly kind: "linearizable" }
  | { readonly kind: "broken"; readonly contradiction: Contradiction<State, Input, Output> }
  /** The search of this key was given up: more is open at a time than can be tried. */
  | { readonly kind: "undecided"; readonly key: string };

/** Some hundred operations of a key with a dozen of them at a time need some thousands of ways. */
const defaultLimits: SearchLimits = { waysMax: 200_000 };
/** How much of what had been answered is told. */
const beforeMax = 8;
const statesToldMax = 5;

export function judge<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  sequential: Sequential<State, Input, Output>,
  limits: SearchLimits = defaultLimits,
): Verdict<State, Input, Output> {
  for (const [key, ofKey] of Map.groupBy(operations, (operation) => operation.key)) {
    const { kind } = search(ofKey, sequential, limits);
    if (kind === "undecided") return { kind, key };
    if (kind === "none") return { kind: "broken", contradiction: contradiction(key, ofKey, sequential, limits) };
  }
  return { kind: "linearizable" };
}

/** Throws an `AssertionError` that tells the contradiction, also if the search was given up. */
export function assertLinearizable<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  sequential: Sequential<State, Input, Output>,
  limits: SearchLimits = defaultLimits,
): void {
  const verdict = judge(operations, sequential, limits);
  if (verdict.kind === "linearizable") return;
  const message =
    verdict.kind === "undecided"
      ? `linearizable: ${verdict.key} has too much under way at a time: no verdict after ${limits.waysMax} ways`
      : tell(verdict.contradiction);
  throw new AssertionError({ message, stackStartFn: assertLinearizable });
}

/** What had happened until then: later calls had not, later answers were not known. */
const until = <Input, Output>(operations: readonly Operation<Input, Output>[], time: number): readonly Operation<Input, Output>[] =>
  operations
    .filter(({ called }) => called <= time)
    .map((operation) => (operation.answer && operation.answer.returned > time ? { ...operation, answer: undefined } : operation));

function contradiction<State, Input, Output>(
  key: string,
  operations: readonly Operation<Input, Output>[],
  sequential: Sequential<State, Input, Output>,
  limits: SearchLimits,
): Contradiction<State, Input, Output> {
  const answered = operations.filter((operation) => operation.answer !== undefined);
  answered.sort((a, b) => returnedOf(a) - returnedOf(b));
  // What is explained until some moment is so until every earlier one: the first answer that is not is found by halving.
  let [low, high] = [0, answered.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (search(until(operations, returnedOf(answered[middle])), sequential, limits).kind === "none") high = middle;
    else low = middle + 1;
  }
  const operation = answered[low] as Operation<Input, Output>;
  const others = operations.filter((other) => other !== operation);
  const early = until(others, operation.called).filter(({ called }) => called < operation.called);
  const found = search(early, sequential, limits, true);
  return {
    key,
    operation,
    states: found.kind === "states" ? found.states : [],
    before: answered
      .slice(0, low)
      .filter((other) => returnedOf(other) < operation.called)
      .slice(-beforeMax),
    meanwhile: others
      .filter((other) => other.called <= returnedOf(operation) && returnedOf(other) >= operation.called)
      .sort((a, b) => a.called - b.called),
  };
}

const returnedOf = (operation: Operation<unknown, unknown> | undefined): number => operation?.answer?.returned ?? Number.POSITIVE_INFINITY;

function tell<State, Input, Output>({ key, operation, states, before, meanwhile }: Contradiction<State, Input, Output>): string {
  const list = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
  const shown = states.map(textOf).sort().slice(0, statesToldMax);
  if (states.length > shown.length) shown.push(`… ${states.length - shown.length} more`);
  return [
    `linearizable: no order of the operations on ${key} explains this answer`,
    `  ${line(operation)}`,
    ...list("what was possible when it was called:", shown),
    ...list("may have taken effect before it or not:", meanwhile.map(line)),
    ...list("answered before it was called, at last:", before.map(line)),
  ].join("\n");
}

const line = ({ input, called, answer }: Operation<unknown, unknown>): string =>
  answer ? `[${called}, ${answer.returned}] ${textOf(input)} → ${textOf(answer.output)}` : `[${called}, open] ${textOf(input)}`;
