// The process's environment, read when asked for. Nothing below `start` and the command line asks.

/** A copy: what changes later does not reach it. */
export function environment(): { readonly [name: string]: string } {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) entries.push([name, value]);
  return Object.fromEntries(entries);
}
