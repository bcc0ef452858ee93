// Text that is generated into a page written by hand, between two markers that name it.
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");

/** Returns `page` with what stands between `<!-- generated: name -->` and `<!-- end: name -->` replaced by `text`. */
export function replaceBetween(page: string, name: string, text: string, path: string): string {
  const open = `<!-- generated: ${name} -->`;
  const close = `<!-- end: ${name} -->`;
  const from = page.indexOf(open);
  const to = page.indexOf(close);
  if (from === -1 || to < from) {
    console.error(`${path} lacks the markers ${open} and ${close}`);
    process.exit(1);
  }
  return `${page.slice(0, from + open.length)}\n${text}\n${page.slice(to)}`;
}
