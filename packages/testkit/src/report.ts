// The text of a failed expectation: what differs, at which pointer, and everything that led there.
import type { Outcome, Verdict } from "@atoll/core/entity";
import type { Difference } from "./difference.ts";

/** Characters of one value, events of one list, that are shown. */
const limits = { value: 400, events: 30 } as const;

/** What happened up to a command or query, and what came of it. */
export interface Story {
  readonly type: string;
  readonly key: string;
  readonly history: readonly (readonly [name: string, data: unknown])[];
  readonly question?: { readonly kind: "command" | "query"; readonly name: string; readonly input: unknown };
  readonly events?: Verdict["events"];
  readonly outcome?: Outcome;
}

export function report(story: Story, headline: string, lines: readonly string[] = []): string {
  const { type, key, history, question, events, outcome } = story;
  return [
    `${type} ${JSON.stringify(key)}: ${headline}`,
    ...lines.map((line) => `  ${line}`),
    ...happenedRows("history", history),
    ...(question ? [row(question.kind, `${question.name}${question.input === undefined ? "" : ` ${valueText(question.input)}`}`)] : []),
    ...(events
      ? happenedRows(
          "emitted",
          events.map(([name, , data]) => [name, data]),
        )
      : []),
    ...(outcome ? [row("answered", answerText(outcome))] : []),
  ].join("\n");
}

/** "at /qty: expected 3, was 2", a line per difference. */
export const differenceLines = (found: readonly Difference[]): readonly string[] =>
  found.map(
    ({ pointer, actual, expected }) =>
      `${pointer === "" ? "" : `at ${pointer}: `}expected ${valueText(expected)}, was ${valueText(actual)}`,
  );

export function valueText(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? `a ${typeof value}`;
  return text.length <= limits.value ? text : `${text.slice(0, limits.value)}… (${text.length - limits.value} more)`;
}

export const eventText = (name: string, data: unknown): string => `${name} ${valueText(data)}`;

export const answerText = (outcome: Outcome): string =>
  outcome.kind === "reply" ? `reply ${valueText(outcome.taken)}` : `rejection ${outcome.name} ${valueText(outcome.taken)}`;

export function happenedRows(title: string, events: readonly (readonly [name: string, data: unknown])[]): readonly string[] {
  if (events.length === 0) return [row(title, "no events")];
  const skipped = Math.max(0, events.length - limits.events);
  const rows = events
    .slice(skipped)
    .map(([name, data], i) => row(i === 0 && skipped === 0 ? title : "", `${skipped + i + 1} ${eventText(name, data)}`));
  return skipped === 0 ? rows : [row(title, `${skipped} earlier events`), ...rows];
}

export const row = (title: string, text: string): string => `${title.padEnd(9)} ${text}`;
