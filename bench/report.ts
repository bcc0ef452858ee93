// Results for people: one table, a line per row, per figure beside it, and per figure that could not be had.
import { isMet, ratioOf, type Row, spreadOf, type Unit } from "./measure.ts";

/** What came of one benchmark. */
export interface Result {
  readonly name: string;
  readonly about: string;
  readonly rows: readonly Row[];
  /** The same rows at another revision, run in turns with these; empty without one. */
  readonly before: readonly Row[];
}

interface Column {
  readonly heading: string;
  readonly pad: (text: string, width: number) => string;
}

const left = (heading: string): Column => ({ heading, pad: (text, width) => text.padEnd(width) });
const right = (heading: string): Column => ({ heading, pad: (text, width) => text.padStart(width) });

/** `revision`: what `before` is called; undefined if nothing was compared. */
export function tableOf(results: readonly Result[], revision: string | undefined): string {
  const ours = [left(""), right("ours"), right("±")];
  const then = revision === undefined ? [] : [right(revision), right("change")];
  const columns = [...ours, ...then, left("beside it"), right(""), right("ratio"), left("aim"), left("met"), left("")];
  const lines: (readonly string[])[] = [columns.map(({ heading }) => heading)];
  for (const { about, rows, before } of results) {
    lines.push([], [about]);
    for (const row of rows) {
      const past = revision === undefined ? [] : pastCells(row, before);
      const { bare } = row;
      const verdict = verdictCells(row);
      lines.push([...oursCells(row), ...past, ...(bare[0] ? bareCells(row, bare[0]) : ["", "", ""]), ...verdict]);
      const blank = [...ours, ...then].map(() => "");
      for (const other of bare.slice(1)) lines.push([...blank, ...bareCells(row, other), "", "", detailsText(other)]);
      for (const { name, why } of row.absent ?? []) lines.push([...blank, name, "", "", "", "", `not measured: ${why}`]);
    }
  }
  const figures = lines.filter(({ length }) => length === columns.length);
  const widths = columns.map((_, i) => Math.max(...figures.map((cells) => cells[i]?.length ?? 0)));
  return lines
    .map((cells) =>
      figures.includes(cells) ? columns.map(({ pad }, i) => pad(cells[i] ?? "", widths[i] ?? 0)).join("  ") : cells.join(""),
    )
    .map((line) => line.trimEnd())
    .join("\n");
}

const oursCells = ({ name, unit, ours }: Row): readonly string[] => [
  `  ${name}`,
  valueText(ours.median, unit),
  ours.rounds.length === 1 ? "" : percent(spreadOf(ours)),
];

function pastCells({ name, unit, ours }: Row, before: readonly Row[]): readonly string[] {
  const past = before.find((row) => row.name === name)?.ours.median;
  return past === undefined ? ["", ""] : [valueText(past, unit), changeText(ours.median, past)];
}

const bareCells = (row: Row, bare: Row["bare"][number]): readonly string[] => [
  bare.name,
  valueText(bare.sample.median, row.unit),
  ratioOf(row, bare).toPrecision(2),
];

function verdictCells(row: Row): readonly string[] {
  const met = isMet(row);
  return [aimText(row), met === undefined ? "" : met ? "yes" : "no", detailsText(row)];
}

function aimText({ aim, unit }: Row): string {
  if (!aim) return "";
  if (aim.kind === "ratio-at-least") return `≥ ${aim.value} of ${aim.to}`;
  if (aim.kind === "ratio-at-most") return `≤ ${aim.value} of ${aim.to}`;
  return `${aim.kind === "at-least" ? "≥" : "≤"} ${valueText(aim.value, unit)}`;
}

/** Times only: other details are for the JSON. */
function detailsText({ details = {} }: Pick<Row, "details">): string {
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
  us: [[0, 1, "µs"]],
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
