// Results for people: one table, a line per row and per figure beside it.
import { isMet, ratioOf, type Row, spreadOf, type Unit } from "./measure.ts";

/** What came of one benchmark. */
export interface Result {
  readonly name: string;
  readonly about: string;
  readonly rows: readonly Row[];
  /** The same rows at another revision, run in turns with these; empty without one. */
  readonly before: readonly Row[];
}

/** `revision`: what `before` is called; undefined if nothing was compared. */
export function tableOf(results: readonly Result[], revision: string | undefined): string {
  const headings = ["", "ours", "±", ...(revision === undefined ? [] : [revision, "change"]), "beside it", "", "ratio", "aim", "met", ""];
  const lines: (readonly string[])[] = [headings];
  for (const { about, rows, before } of results) {
    lines.push([], [about]);
    for (const row of rows) lines.push(...linesOf(row, before.find(({ name }) => name === row.name), revision !== undefined));
  }
  const widths = headings.map((_, column) => Math.max(...lines.filter(({ length }) => length > 1).map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => (line.length === 1 ? `${line[0]}` : aligned(line, widths))).join("\n");
}

function linesOf(row: Row, before: Row | undefined, compared: boolean): readonly (readonly string[])[] {
  const { name, unit, ours, bare } = row;
  const met = isMet(row);
  const then = compared ? [before ? valueText(before.ours.median, unit) : "", before ? changeText(ours.median, before.ours.median) : ""] : [];
  const blank = ["", "", "", ...then.map(() => "")];
  const figures = ["  " + name, valueText(ours.median, unit), ours.rounds === 1 ? "" : percent(spreadOf(ours)), ...then];
  const verdict = [aimText(row), met === undefined ? "" : met ? "yes" : "no", detailsText(row)];
  const first = bare[0];
  return [
    [...figures, ...(first ? besideTexts(row, first) : ["", "", ""]), ...verdict],
    ...bare.slice(1).map((other) => [...blank, ...besideTexts(row, other), "", "", ""]),
  ];
}

const besideTexts = (row: Row, bare: Row["bare"][number]): readonly string[] => [
  bare.name,
  valueText(bare.sample.median, row.unit),
  ratioOf(row, bare).toPrecision(2),
];

function aligned(line: readonly string[], widths: readonly number[]): string {
  const numeric = (text: string): boolean => /^[\d<≥≤+−-]/.test(text);
  return line.map((text, i) => (numeric(text) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))).join("  ").trimEnd();
}

function aimText({ aim, unit }: Row): string {
  switch (aim?.kind) {
    case undefined:
      return "";
    case "at-least":
      return `≥ ${valueText(aim.value, unit)}`;
    case "at-most":
      return `≤ ${valueText(aim.value, unit)}`;
    case "ratio-at-least":
      return `≥ ${aim.value} of ${aim.to}`;
  }
}

/** Times only: other details are for the JSON. */
function detailsText({ details = {} }: Row): string {
  return Object.entries(details)
    .flatMap(([name, value]) => {
      const [, what, unit] = /^(.+)_(ms|us)$/.exec(name) ?? [];
      return what === undefined ? [] : [`${what.replaceAll("_", " ")} ${threeDigits(value)} ${unit === "us" ? "µs" : "ms"}`];
    })
    .join(", ");
}

const scales: { readonly [U in Unit]: readonly (readonly [from: number, divisor: number, name: string])[] } = {
  "/s": [
    [1e6, 1e6, "M/s"],
    [1e4, 1e3, "k/s"],
    [0, 1, "/s"],
  ],
  ms: [[0, 1, "ms"]],
  B: [
    [1e6, 1e6, "MB"],
    [1e4, 1e3, "kB"],
    [0, 1, "B"],
  ],
};

function valueText(value: number, unit: Unit): string {
  const [, divisor, name] = scales[unit].find(([from]) => Math.abs(value) >= from) ?? [0, 1, unit];
  return `${threeDigits(value / divisor)} ${name}`;
}

const threeDigits = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3)).toString();

const percent = (part: number): string => `${Math.round(part * 100)} %`;
const changeText = (now: number, then: number): string => `${now < then ? "−" : "+"}${percent(Math.abs(now / then - 1))}`;
