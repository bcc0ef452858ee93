import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const planted = fileURLToPath(new URL("../../test/planted-leak.ts", import.meta.url));

function shell(command: string): { readonly status: number | null; readonly out: string } {
  const { NODE_TEST_CONTEXT: _, ATOLL_SEED: __, ATOLL_SEEDS: ___, ...env } = process.env;
  const path = `${dirname(process.execPath)}${delimiter}${env["PATH"] ?? ""}`;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8", env: { ...env, PATH: path } });
  return { status, out: stdout + stderr };
}

/** What the failing simulation said, from its first line to the last that happened. */
const storyOf = (out: string): string => out.slice(out.indexOf('simulate "bank": seed'), out.search(/\n +at /));

test("simulate: the command that a failing seed prints repeats exactly that run, and no other test", () => {
  const first = shell(`node --test ${planted}`);
  assert.equal(first.status, 1, first.out);
  const command = /again: (ATOLL_SEED=\d+ node --test .*)/.exec(first.out)?.[1];
  assert.ok(command, first.out);
  const again = shell(command);
  assert.equal(again.status, 1, again.out);
  assert.equal(storyOf(again.out), storyOf(first.out));
  assert.match(again.out, /^ℹ tests 1$/m);
});

test("simulate: the command with the smallest schedule repeats that run alone, and ATOLL_TRACE=1 tells it whole", () => {
  const first = shell(`node --test ${planted}`);
  const command = /alone: (ATOLL_SEED=\d+ ATOLL_SCHEDULE='.*' node --test .*)/.exec(first.out)?.[1];
  assert.ok(command, first.out);
  const again = shell(`ATOLL_TRACE=1 ${command}`);
  assert.equal(again.status, 1, again.out);
  const smallest = (out: string): string | undefined => /smallest schedule .*\n( *\{.*\})\n/.exec(out)?.[1];
  assert.ok(smallest(first.out));
  assert.equal(smallest(again.out), smallest(first.out));
  assert.doesNotMatch(again.out, /lines left out/);
  const none = shell(command.replace(/ATOLL_SCHEDULE='.*?'/, "ATOLL_SCHEDULE='[]'"));
  assert.equal(none.status, 0, none.out);
  const nonsense = shell(command.replace(/ATOLL_SCHEDULE='.*?'/, "ATOLL_SCHEDULE='[7'"));
  assert.match(nonsense.out, /ATOLL_SCHEDULE is a schedule in JSON/);
});

test("simulate: ATOLL_SEED=0 runs without faults, ATOLL_SEEDS says how many seeds, and nonsense is refused", () => {
  const only = "node --test --test-name-pattern=leak";
  assert.equal(shell(`ATOLL_SEED=0 ${only} ${planted}`).status, 0);
  const few = shell(`ATOLL_SEEDS=100 ${only} ${planted}`);
  assert.equal(few.status, 1, few.out);
  const nonsense = shell(`ATOLL_SEEDS=many ${only} ${planted}`);
  assert.equal(nonsense.status, 1);
  assert.match(nonsense.out, /ATOLL_SEEDS is a whole number from 1, not "many"/);
});
