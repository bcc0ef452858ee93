// What every list and count must be, computed from the file alone: a second way to the same figures, written without a look at
// the first. Each of them is entries by a name that a person can read.
import type { Line } from "./log-file.ts";

/** One list: what it holds, as JSON with sorted members, by name. */
export type Entries = ReadonlyMap<string, string>;
export type Figures = { readonly [list: string]: Entries };

/** Members sorted, so that equal values are equal texts. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${textOf(member)}`).join(",")}}`;
}

export const entriesOf = <T>(values: Iterable<T>, nameOf: (value: T) => string): Entries =>
  new Map(Array.from(values, (value) => [nameOf(value), textOf(value)]));

/** One by one through the lines of each case. */
export function foldOf(lines: readonly Line[]): Figures {
  const cases = new Map<string, Line[]>();
  for (const line of lines) cases.set(line.caseId, [...(cases.get(line.caseId) ?? []), line]);
  const rows = [...cases].map(([id, own]) => rowOf(id, own));
  const closings = [...cases].flatMap(([caseId, own]) => closingOf(caseId, own) ?? []);
  const counted = (nameOf: (line: Line) => string, of: readonly Line[]): ReadonlyMap<string, number> => {
    const times = new Map<string, number>();
    for (const line of of) times.set(nameOf(line), (times.get(nameOf(line)) ?? 0) + 1);
    return times;
  };
  const together = (...words: readonly string[]): string => words.join(" / ");
  const parts = new Map(lines.map((line) => [together(line.resource, line.seriousness, line.caseId), line]));
  const firsts = counted(
    (line) => line.resource,
    [...cases.values()].map(([first]) => first as Line),
  );
  return {
    "what was done, by case": new Map([...cases].map(([id, own]) => [id, textOf(own.map(({ caseId: _, ...activity }) => activity))])),
    cases: entriesOf(rows, ({ id }) => id),
    "open cases": entriesOf(
      rows.filter(({ open }) => open),
      ({ id }) => id,
    ),
    "activities by resource, seriousness and kind": textsOf(
      counted(({ resource, seriousness, activity }) => together(resource, seriousness, activity), lines),
    ),
    "cases by resource and seriousness": textsOf(
      counted(({ resource, seriousness }) => together(resource, seriousness), [...parts.values()]),
    ),
    "durations by product": entriesOf(byProduct(closings), ({ product }) => product),
    "longest cases": new Map(longest(closings).map((closing, i) => [`${i + 1}`, textOf(closing)])),
    agents: new Map(
      [...counted((line) => line.resource, lines)].map(([resource, activities]) => [
        resource,
        textOf({ activities, firsts: firsts.get(resource) ?? 0 }),
      ]),
    ),
  };
}

export const longestShown = 200;

type Own = readonly Line[];

const textsOf = (counts: ReadonlyMap<string, number>): Entries => new Map([...counts].map(([name, n]) => [name, textOf(n)]));

function rowOf(id: string, own: Own) {
  const first = own[0] as Line;
  const { at: last, resource, seriousness, customer, product, activity } = own.at(-1) as Line;
  const reopened = own.filter(({ activity: now }, i) => now !== "Closed" && own[i - 1]?.activity === "Closed").length;
  const open = activity !== "Closed";
  return { id, open, activities: own.length, reopened, opened: first.at, last, resource, seriousness, customer, product };
}

interface Closed {
  readonly caseId: string;
  readonly product: string;
  readonly opened: string;
  readonly closed: string;
  readonly seconds: number;
}

function closingOf(caseId: string, own: Own): Closed | undefined {
  const last = own.findLast(({ activity }) => activity === "Closed");
  if (!last) return undefined;
  const opened = (own[0] as Line).at;
  return { caseId, product: last.product, opened, closed: last.at, seconds: secondsOf(last.at) - secondsOf(opened) };
}

/** Since 1970: the file's times are in UTC, to the second. */
function secondsOf(at: string): number {
  const [year, month, day, hour, minute, second] = (at.match(/\d+/g) ?? []).map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1_000;
}

function byProduct(closings: readonly Closed[]) {
  return [...Map.groupBy(closings, ({ product }) => product)].map(([product, those]) => {
    const seconds = those.map((closing) => closing.seconds).toSorted((a, b) => a - b);
    const sum = seconds.reduce((a, b) => a + b, 0);
    return { product, cases: those.length, seconds: sum, shortest: seconds[0], longest: seconds.at(-1) };
  });
}

const longest = (closings: readonly Closed[]): readonly Closed[] =>
  closings.toSorted((a, b) => b.seconds - a.seconds || (a.caseId < b.caseId ? -1 : 1)).slice(0, longestShown);

/** Where two lists differ, in words. */
export function differences(list: string, expected: Entries, actual: Entries): readonly string[] {
  return [...new Set([...expected.keys(), ...actual.keys()])]
    .filter((name) => expected.get(name) !== actual.get(name))
    .map((name) => `${list}, ${name}: the file says ${expected.get(name) ?? "nothing"}, the system ${actual.get(name) ?? "nothing"}`);
}
