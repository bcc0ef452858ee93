// Loaded with `--import` in front of a simulation: breaks one file of the production code in one place, as the environment
// says. A text that is not there exactly once is an error, so that a mutant cannot go stale unnoticed.
import { registerHooks } from "node:module";
import { env } from "node:process";
import type { Mutation } from "./mutants.ts";

const { file, from, to, also } = JSON.parse(env["ATOLL_MUTATION"] ?? "") as Mutation;

function replaced(source: string, text: string, by: string): string {
  const parts = source.split(text);
  if (parts.length !== 2) throw new Error(`the text to mutate is ${parts.length - 1} times in ${file}: ${text}`);
  return parts.join(by);
}

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith(`/packages/core/src/${file}`)) return loaded;
    const source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
    const mutated = replaced(source, from, to);
    return { ...loaded, source: also ? replaced(mutated, also.from, also.to) : mutated };
  },
});
