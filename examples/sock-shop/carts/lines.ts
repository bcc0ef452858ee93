// Arithmetic of cart lines. Pure; one line per item, in the order in which the items came.
import { linesMax, quantityMax, type Line } from "./contract.ts";

/** `more` added to `lines`: quantities add up, a line keeps its id and takes the price of what was added. */
export const plus = (lines: readonly Line[], more: readonly Line[]): readonly Line[] =>
  more.reduce((sum, line) => {
    const known = lineOf(sum, line.itemId);
    return replaced(sum, known ? { ...line, id: known.id, quantity: known.quantity + line.quantity } : line);
  }, lines);

/** `line` in the place of the item's line, which keeps its id; at the end if there is none. */
export function replaced(lines: readonly Line[], line: Line): readonly Line[] {
  const known = lineOf(lines, line.itemId);
  return known ? lines.map((other) => (other === known ? { ...line, id: known.id } : other)) : [...lines, line];
}

export const without = (lines: readonly Line[], itemId: string): readonly Line[] => lines.filter((line) => line.itemId !== itemId);

export const lineOf = (lines: readonly Line[], itemId: string): Line | undefined => lines.find((line) => line.itemId === itemId);

/** Whether a cart may hold these. */
export const fits = (lines: readonly Line[]): boolean => lines.length <= linesMax && lines.every((line) => line.quantity <= quantityMax);
