// The child in which one benchmark runs: gives it its room, and answers with its rows.
import assert from "node:assert/strict";
import { answer } from "./child.ts";
import type { Installation } from "./peers/install.ts";
import { benchmarks } from "./registry.ts";
import { newWorkDirectory, removeDirectory } from "./work-directory.ts";

export interface RunParameters {
  readonly name: string;
  readonly quick: boolean;
  readonly peers: Installation;
}

await answer(async ({ name, quick, peers }: RunParameters) => {
  const benchmark = benchmarks.find((candidate) => candidate.name === name);
  assert(benchmark, `there is no benchmark "${name}"`);
  const directory = newWorkDirectory();
  // Also when this process is told to end, or the one that waits for it is gone.
  process.once("exit", () => removeDirectory(directory));
  const run = await benchmark.load();
  return run({ quick, rounds: quick ? 3 : 5, directory, peers });
});
