// Whether the simulations can fail: each deliberately broken build is run under the simulation that is there to find it, in a
// process of its own. What it does to pass the unbroken build is in island.sim.test.ts.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { env, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { type Finder, mutants, type Mutant, type Mutation } from "./mutants.ts";

const island = "island.sim.test.ts";
const sagas = "saga.sim.test.ts";
const files: { readonly [F in Finder]: string } = {
  "scenario 1": island,
  "scenario 2": island,
  "scenario 5": island,
  tells: "tells.sim.test.ts",
  "sagas: done": sagas,
  "sagas: budget spent": sagas,
  "sagas: answers lost": sagas,
  "sagas: left alone": sagas,
  plans: "../../src/cluster/cluster.test.ts",
  simulate: "../../../testkit/src/simulation/simulate.sim.test.ts",
};
const hook = new URL("mutate.ts", import.meta.url).href;
/** How the check runs every file of tests. */
const testProcess = new URL("../../../../scripts/test-process.ts", import.meta.url).href;

interface Outcome {
  readonly code: number;
  readonly out: string;
}

function run(mutation: Mutation, { by, seeds }: Pick<Mutant, "by" | "seeds">): Promise<Outcome> {
  const { NODE_TEST_CONTEXT: _, ATOLL_SEED: __, ...inherited } = env;
  const child = { ...inherited, ATOLL_MUTATION: JSON.stringify(mutation), ATOLL_SEEDS: String(seeds) };
  const args = [
    "--import",
    testProcess,
    "--import",
    hook,
    `--test-name-pattern=^${by}:`,
    fileURLToPath(new URL(files[by], import.meta.url)),
  ];
  return new Promise((resolve) => {
    execFile(execPath, args, { env: child, maxBuffer: 16 * 2 ** 20 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: stdout + stderr });
    });
  });
}

for (const mutant of mutants) {
  const { name, by, says, file, from, to, also } = mutant;
  test(`mutant: ${name} is caught by ${by}`, async () => {
    const { code, out } = await run({ file, from, to, ...(also && { also }) }, mutant);
    assert.doesNotMatch(out, /the text to mutate is/, "the mutant no longer fits the code: renew its text");
    assert.notEqual(code, 0, `the broken build passes ${mutant.seeds} seeds`);
    assert.match(out, says, "it fails, but for another reason");
  });
}

test("mutant: one that changes nothing is not caught, and one whose text is gone is named", async () => {
  const text = 'override readonly name = "Failure";';
  const { code, out } = await run({ file: "base/failure.ts", from: text, to: text }, { by: "scenario 2", seeds: 60 });
  assert.equal(code, 0, out);
  const gone = await run({ file: "base/failure.ts", from: "no such text", to: "" }, { by: "scenario 2", seeds: 1 });
  assert.notEqual(gone.code, 0);
  assert.match(gone.out, /the text to mutate is 0 times in base\/failure\.ts: no such text/);
});
