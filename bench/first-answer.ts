// The child of service-recovery.ts: milliseconds from being asked to start to the first answer. Modules are loaded by then;
// what loading them takes is start-up.ts's subject.
import { readFileSync } from "node:fs";
import { answer } from "./child.ts";
import { Counter, startCounter } from "./counter.ts";

export interface FirstAnswerParameters {
  readonly kind: "service" | "flat file";
  /** Of the data folder, or of the file. */
  readonly path: string;
}

await answer(({ kind, path }: FirstAnswerParameters) => (kind === "service" ? startService(path) : Promise.resolve(foldFile(path))));

async function startService(data: string): Promise<number> {
  const startMs = performance.now();
  await using running = await startCounter({ data });
  await running.at(Counter, "k0").after({ by: 1 });
  return performance.now() - startMs;
}

function foldFile(path: string): number {
  const startMs = performance.now();
  const newest = new Map<string, { readonly version: number; readonly last: number }>();
  for (const [last, line] of readFileSync(path, "utf8").split("\n").entries()) {
    const { key, version } = JSON.parse(line) as { readonly key: string; readonly version: number };
    newest.set(key, { version, last });
  }
  newest.get("k0");
  return performance.now() - startMs;
}
