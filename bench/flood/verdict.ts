// What a flood comes to. The flooded service must go on answering as much as it can carry out, and refuse the rest as OVERLOADED, as soon
// as it is asked; nothing else may be answered, and memory must not grow in its second half. What the others' latency was is shown and never
// judged: the flood itself, who sends it and the gateway want the same processors.
import type { Outcome } from "./requests.ts";

/** A part of a phase: what the flood was answered in it, and what the processes occupied then. */
export interface Window {
  readonly ms: number;
  readonly outcome: Outcome;
  /** By node, at its highest. */
  readonly residentBytes: { readonly [node: string]: number };
}

export interface PhaseFigures {
  readonly name: string;
  /** Asked of the flooded service. */
  readonly perSecond: number;
  readonly windows: readonly Window[];
  /** Of another service, asked over HTTP and by a third service (ms). */
  readonly overHttpMs: readonly number[];
  readonly betweenServicesMs: readonly number[];
}

export interface FloodResult {
  /** Requests a second that the service can carry out. */
  readonly capacity: number;
  readonly calm: PhaseFigures;
  readonly flood: PhaseFigures;
  readonly after: PhaseFigures;
}

/** Part of its capacity that a flooded service has to answer, in every window but the first, in which the flood begins. */
const servedPartMin = 0.9;
/** Answers that are neither 200 nor OVERLOADED, as a part of all. */
const otherPartMax = 0.001;
/** What a process may grow by in the second half of the flood: heaps breathe. In the first one they take what their collector lets them have. */
export const growthBytesMax = 24 * 2 ** 20;

const overloaded = "503 OVERLOADED";

export const answersOf = (windows: readonly Window[], which: (status: string) => boolean): number =>
  windows.reduce((sum, { outcome: { answers } }) => {
    for (const [status, count] of Object.entries(answers)) if (which(status)) sum += count;
    return sum;
  }, 0);

const servedPerSecond = ({ outcome: { answers }, ms }: Window): number => ((answers["200"] ?? 0) * 1_000) / ms;

export interface Verdict {
  readonly passed: boolean;
  readonly text: string;
}

export function judge({ capacity, calm, flood, after }: FloodResult): Verdict {
  const steady = flood.windows.slice(1);
  const least = Math.min(...steady.map(servedPerSecond));
  const all = answersOf(flood.windows, () => true);
  const refused = answersOf(flood.windows, (status) => status === overloaded);
  const others = [...calm.windows, ...flood.windows, ...after.windows].flatMap(({ outcome: { answers } }) =>
    Object.entries(answers).filter(([status]) => status !== "200" && status !== overloaded),
  );
  const otherCount = others.reduce((sum, [, count]) => sum + count, 0);
  const lost = [...calm.windows, ...flood.windows, ...after.windows].reduce((sum, { outcome }) => sum + outcome.lost, 0);
  const middle = steady[Math.floor((steady.length - 1) / 2)];
  const growth = Object.keys(middle?.residentBytes ?? {}).map((node) => {
    const of = (window: Window | undefined): number => window?.residentBytes[node] ?? 0;
    return { node, bytes: of(steady.at(-1)) - of(middle) };
  });
  const most = growth.reduce((a, b) => (b.bytes > a.bytes ? b : a), { node: "none", bytes: 0 });
  const serves = steady.length > 0 && least >= servedPartMin * capacity;
  const sheds = refused > 0 && otherCount <= otherPartMax * all && lost === 0;
  const flat = most.bytes <= growthBytesMax;
  const recovers = after.windows.length > 0 && servedPerSecond(after.windows.at(-1) as Window) >= servedPartMin * after.perSecond;
  const text = [
    `serves at capacity: ${serves ? "yes" : "NO"} (at least ${least.toFixed(0)} of ${capacity}/s)`,
    `sheds: ${sheds ? "yes" : "NO"} (${refused} OVERLOADED, ${otherCount} other answers${describe(others)}, ${lost} connections lost)`,
    `memory flat in its second half: ${flat ? "yes" : "NO"} (most at ${most.node}, +${mb(most.bytes)} of ${mb(growthBytesMax)} MB allowed)`,
    `afterwards as before: ${recovers ? "yes" : "NO"}`,
    `others' latency with and without: over HTTP p50 ×${ratio(flood.overHttpMs, calm.overHttpMs, 0.5)}, p99 ×${ratio(flood.overHttpMs, calm.overHttpMs, 0.99)}; between services p50 ×${ratio(flood.betweenServicesMs, calm.betweenServicesMs, 0.5)}, p99 ×${ratio(flood.betweenServicesMs, calm.betweenServicesMs, 0.99)}`,
  ].join(" · ");
  return { passed: serves && sheds && flat && recovers, text };
}

function describe(others: readonly (readonly [string, number])[]): string {
  const kinds = [...new Set(others.map(([status]) => status))];
  return kinds.length === 0 ? "" : `: ${kinds.join(", ")}`;
}

export const at = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
};
const ratio = (a: readonly number[], b: readonly number[], part: number): string => (at(a, part) / at(b, part)).toFixed(2);
export const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
