// What the figures of a case come to. Memory is flat if nothing that was measured while a listener was disturbed, or came back, lies
// more above what was measured without than the named bounds allow; and this says something only where far more than
// that was withheld from the listener. Latency is shown and never judged: it depends on the machine.
import type { PhaseFigures } from "./phase.ts";

export interface CaseResult {
  readonly name: string;
  /** Without the disturbance. */
  readonly calm: PhaseFigures;
  /** With it. */
  readonly disturbed: PhaseFigures;
  /** After it: the listener catches up while the load goes on. */
  readonly after?: PhaseFigures;
  /** What the bounds of the product allow it to hold for the listener. */
  readonly allowedBytes: number;
  /** What the log held that the listener had not taken. */
  readonly withheldBytes: number;
  readonly lost: number;
  readonly wrong: number;
}

export interface Verdict {
  readonly flat: boolean;
  /** So much was withheld that memory without a bound would have been seen. */
  readonly telling: boolean;
  readonly passed: boolean;
  readonly text: string;
}

/** Code that was compiled, caches that were filled: what a heap varies by that holds nothing for anybody. */
export const heapNoiseBytes = 6 * 2 ** 20;
/** Pages that allocators and threads keep: what resident memory varies by beyond the heap. */
export const residentNoiseBytes = 160 * 2 ** 20;
const tellingFactor = 2;

export function judge({ name, calm, disturbed, after, allowedBytes, withheldBytes, lost, wrong }: CaseResult): Verdict {
  const phases = after ? [disturbed, after] : [disturbed];
  const heapBytes = Math.max(...phases.map((phase) => phase.heapBytes)) - calm.heapBytes;
  const rssBytes = Math.max(...phases.map((phase) => phase.rssBytes)) - calm.rssBytes;
  const heapMax = allowedBytes + heapNoiseBytes;
  const flat = heapBytes <= heapMax && rssBytes <= heapMax + residentNoiseBytes;
  const telling = withheldBytes >= tellingFactor * heapMax;
  const text = [
    `${name}: memory flat: ${flat ? "yes" : "NO"} (heap ${signed(heapBytes)} of ${mb(heapMax)} MB allowed, resident ${signed(rssBytes)} MB; ${mb(withheldBytes)} MB were waiting in the log)`,
    `latency with and without: p50 ×${ratio(disturbed.p50Ms, calm.p50Ms)}, p99 ×${ratio(disturbed.p99Ms, calm.p99Ms)}`,
    `lost ${lost}`,
    `out of turn ${wrong}`,
    ...(telling ? [] : ["too little was waiting for this to mean anything"]),
  ].join(" · ");
  return { flat, telling, passed: flat && telling && lost === 0 && wrong === 0, text };
}

const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const signed = (bytes: number): string => `${bytes < 0 ? "−" : "+"}${mb(Math.abs(bytes))}`;
const ratio = (a: number, b: number): string => (a / b).toFixed(2);

const headings = ["", "commands/s", "p50 ms", "p99 ms", "heap MB", "slope MB/min", "resident MB", "waiting at most"] as const;

/** A line per phase. */
export function tableOf(results: readonly CaseResult[]): string {
  const lines = results.flatMap(({ name, calm, disturbed, after }) =>
    [calm, disturbed, ...(after ? [after] : [])].map((phase) => [
      `${name}: ${phase.name}`,
      phase.perSecond.toFixed(0),
      phase.p50Ms.toFixed(2),
      phase.p99Ms.toFixed(2),
      mb(phase.heapBytes),
      mb(phase.slopeBytesPerMinute).replace("-", "−"),
      mb(phase.rssBytes),
      phase.queued,
    ]),
  );
  const all = [[...headings], ...lines];
  const widths = headings.map((_, i) => Math.max(...all.map((cells) => (cells[i] ?? "").length)));
  const textual = new Set([0, headings.length - 1]);
  return all
    .map((cells) =>
      cells
        .map((cell, i) => (textual.has(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
