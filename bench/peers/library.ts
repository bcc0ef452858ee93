// Peers' libraries are found where they are installed, at run time: types, lint and layers of the repository must be the same
// whether they are there or not. So a module of a peer says itself, as an interface, what it uses of a library.
import { readFileSync } from "node:fs";

/** `T`: what the caller uses of the module. */
export const libraryOf = async <T>(name: string): Promise<T> => (await import(name)) as T;

export function versionOf(name: string): string {
  const text = readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
