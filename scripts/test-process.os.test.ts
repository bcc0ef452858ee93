// How the check runs a file of tests: promises cost what they cost in production, and what nobody catches still fails the file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { testProcess } from "./tests.ts";

const folder = mkdtempSync(join(tmpdir(), "atoll-test-process-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(name: string, body: string): { readonly status: number | null; readonly output: string } {
  const file = join(folder, `${name}.test.ts`);
  writeFileSync(file, `import { test } from "node:test";\nimport { AsyncResource } from "node:async_hooks";\n${body}`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...testProcess, file], { encoding: "utf8", env });
  return { status, output: stdout + stderr };
}

test("a test's process: promises are not followed one by one", () => {
  // A promise that is followed takes an id as an asynchronous resource does.
  const body = `test("counts", async () => {
    const before = new AsyncResource("before").asyncId();
    for (let i = 0; i < 100; i++) await undefined;
    const taken = new AsyncResource("after").asyncId() - before;
    if (taken > 50) throw new Error(taken + " ids were taken");
  });`;
  const { status, output } = run("followed", body);
  assert.equal(status, 0, output);
});

for (const [what, act] of [
  ["a rejection", "void Promise.reject(new Error('nobody catches'))"],
  ["an error", "throw new Error('nobody catches')"],
] as const) {
  test(`a test's process: ${what} that nobody catches fails the file whose tests all pass, and is printed with its stack`, () => {
    const body = `test("passes", (_, done) => { setImmediate(() => { setImmediate(done); ${act}; }); });`;
    const { status, output } = run(what.replace(" ", "-"), body);
    assert.notEqual(status, 0);
    assert.match(output, /Error: nobody catches\n\s+at .*\.test\.ts:3/);
    assert.match(output, /fail 0/, "no test is blamed for it");
  });
}
