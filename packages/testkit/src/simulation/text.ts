// How values stand in traces and reports: on one line, of bounded length.

/** UTF-16 units of one value. */
const valueLengthMax = 240;

export function shortText(value: unknown): string {
  if (value === undefined) return "nothing";
  return cut(typeof value === "string" ? value : (JSON.stringify(value) ?? `a ${typeof value}`), valueLengthMax);
}

export const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max)}… (${text.length - max} more)`;

/** The first line of what an error says, with the kind of error in front. */
export function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return shortText(String(error));
  const line = error.message.split("\n", 1)[0] ?? "";
  return error.name === "BrokenLaw" ? line : `${error.name}: ${line}`;
}
