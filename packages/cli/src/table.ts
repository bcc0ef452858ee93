// Text in columns for people. Keys and reasons come from outside: what a terminal would obey instead of show is escaped.

/** Rows of equal length; a line feed after each. */
export function table(heading: readonly string[] | undefined, rows: readonly (readonly string[])[]): string {
  const lines = [...(heading ? [heading.map((title) => title.toUpperCase())] : []), ...rows.map((row) => row.map(printable))];
  const widths = lines.reduce<readonly number[]>((widest, line) => line.map((cell, i) => Math.max(cell.length, widest[i] ?? 0)), []);
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** Control, formatting and line-breaking characters as \u{…}. */
const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
