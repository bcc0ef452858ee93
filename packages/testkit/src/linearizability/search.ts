// The search for an order: is there one of the operations of a key in which each takes effect between its call and its answer and a
// sequential object gives these answers? After Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), with the memory of Lowe,
// "Testing for Linearizability" (2017): what was tried and led nowhere is not tried again.
//
//  Q1  An operation comes next only if none that is not yet in the order was answered before it was called.
//  Q2  One that is open comes next, whatever it gives, or never.
//  Q3  What is left out leads nowhere that is not reached otherwise: of two ways to have done the same answered ones and to be in the same
//      state, the one that has used more of the open ones; an open one before another with the same input that was called earlier.
//  Q4  The search is exhaustive but for that, or says that it was not.
import { OperationSet } from "./operation-set.ts";
import type { Operation } from "./history.ts";

/** What the object does when nothing happens at the same time. Pure; states and outputs are JSON. */
export interface Sequential<State, Input, Output> {
  readonly initial: State;
  apply(state: State, input: Input): { readonly state: State; readonly output: Output };
}

/** States, outputs: the same if they are the same as JSON, in whatever order their members are. */
export const textOf = (value: unknown): string => JSON.stringify(value, inOrder) ?? "undefined";

const inOrder = (_: string, value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
};

export type Found<State> =
  | { readonly kind: "order" }
  /** There is none. */
  | { readonly kind: "none" }
  /** Not found among so many ways. */
  | { readonly kind: "undecided" }
  /** Asked for all: the states that the operations can have left. */
  | { readonly kind: "states"; readonly states: readonly State[] };

export interface SearchLimits {
  /** Ways to have done some of the operations; a search that has tried so many gives up. */
  readonly waysMax: number;
}

interface Way<State> {
  readonly state: State;
  readonly text: string;
  /** The operation that was done last; undefined at the beginning. */
  readonly last: Sought<unknown> | undefined;
  readonly candidates: readonly Sought<unknown>[];
  next: number;
}

interface Sought<Input> {
  readonly input: Input;
  readonly called: number;
  readonly returned: number;
  /** Of its answer; undefined: it is open. */
  readonly output: string | undefined;
  /** Its number among the answered, or among the open ones. */
  readonly number: number;
  /** The open one before it with the same input. */
  readonly twin: Sought<Input> | undefined;
}

/** `all`: not only whether there is an order, but every state that the operations can have left. */
export function search<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  object: Sequential<State, Input, Output>,
  { waysMax }: SearchLimits,
  all = false,
): Found<State> {
  const sought = soughtOf(operations);
  const answered = new OperationSet(sought.length);
  const open = new OperationSet(sought.length);
  const setOf = ({ output }: Sought<unknown>): OperationSet => (output === undefined ? open : answered);
  let left = sought.filter(({ output }) => output !== undefined).length;

  /** Q1. Answered ones first: what is open need not come at all. */
  const candidates = (): readonly Sought<Input>[] => {
    const [sure, unsure]: [Sought<Input>[], Sought<Input>[]] = [[], []];
    let before = Number.POSITIVE_INFINITY;
    for (const each of sought) {
      if (each.called > before) break; // as are all that follow
      if (setOf(each).has(each.number)) continue;
      before = Math.min(before, each.returned);
      if (each.output !== undefined) sure.push(each);
      else if (each.twin === undefined || open.has(each.twin.number)) unsure.push(each);
    }
    return [...sure, ...unsure];
  };
  const states = new Map<string, State>();
  const tried = new Map<string, OperationSet[]>();
  const ways: Way<State>[] = [];
  let count = 0;
  /** False if what this leads to has been tried (Q3). */
  const go = (state: State, text: string, last: Sought<Input> | undefined): boolean => {
    const place = `${answered.text()} ${text}`;
    const others = tried.get(place) ?? [];
    if (others.some((other) => other.isWithin(open))) return false;
    tried.set(place, [...others.filter((other) => !open.isWithin(other)), open.copy()]);
    if (last?.output !== undefined) left -= 1;
    if (left === 0) states.set(text, state);
    ways.push({ state, text, last, candidates: candidates(), next: 0 });
    return true;
  };

  go(object.initial, textOf(object.initial), undefined);
  for (let way = ways.at(-1); way !== undefined; way = ways.at(-1)) {
    if (left === 0 && !all) return { kind: "order" };
    if (++count > waysMax) return { kind: "undecided" };
    const next = way.candidates[way.next++] as Sought<Input> | undefined;
    if (next === undefined) {
      ways.pop();
      if (way.last === undefined) continue;
      setOf(way.last).remove(way.last.number);
      if (way.last.output !== undefined) left += 1;
      continue;
    }
    const { state, output } = object.apply(way.state, next.input);
    const text = textOf(state);
    if (next.output === undefined ? text === way.text : textOf(output) !== next.output) continue; // open and without effect: as well never
    setOf(next).add(next.number);
    if (!go(state, text, next)) setOf(next).remove(next.number);
  }
  return states.size > 0 ? { kind: "states", states: [...states.values()] } : { kind: "none" };
}

/** In the order of their calls. */
function soughtOf<Input, Output>(operations: readonly Operation<Input, Output>[]): readonly Sought<Input>[] {
  let [answered, open] = [0, 0];
  const twins = new Map<string, Sought<Input>>();
  return operations
    .toSorted((a, b) => a.called - b.called)
    .map(({ input, called, answer }) => {
      if (answer) return { input, called, returned: answer.returned, output: textOf(answer.output), number: answered++, twin: undefined };
      const text = textOf(input);
      const one = { input, called, returned: Number.POSITIVE_INFINITY, output: undefined, number: open++, twin: twins.get(text) };
      twins.set(text, one);
      return one;
    });
}
