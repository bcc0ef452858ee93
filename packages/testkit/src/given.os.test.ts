import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

test("given: a sentence that nothing ends fails the run, also when the test has passed", () => {
  const program = `
    import { test } from "node:test";
    import { contract, entity } from ${JSON.stringify(import.meta.resolve("@atoll/core"))};
    import { given } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
    import { gateway } from ${JSON.stringify(import.meta.resolve("@atoll/gateway"))};
    import * as z from ${JSON.stringify(import.meta.resolve("zod"))};
    const C = contract("c", { version: 1, key: z.string(), commands: { go: {} } });
    const c = entity(C, { state: z.object({}), initial: {}, events: { E: z.object({}) },
      decide: { go: (_, __, turn) => turn.emit("E", {}).emit("E", {}) }, evolve: { E: (s) => s } });
    test("complete", () => { given(c).when("go").emits("E", {}).emits("E", {}); });
    if (process.argv[1] === "begun") test("forgotten", () => { given(c).when("go"); });
    if (process.argv[1] === "sent") test("forgotten", () => { given(gateway([])).when("GET /a").calls(C.go, "k"); });
    if (process.argv[1] === "open") test("forgotten", () => { given(c).when("go").emits("E", {}); });`;
  const run = (how: string): { readonly status: number | null; readonly out: string } => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", program, how], {
      encoding: "utf8",
      env,
    });
    return { status, out: stdout };
  };
  assert.equal(run("complete").status, 0);
  const begun = run("begun");
  assert.notEqual(begun.status, 0);
  assert.match(begun.out, /forgotten/);
  assert.match(begun.out, /nothing was expected: end the sentence with emits, replies or rejects/);
  const sent = run("sent");
  assert.notEqual(sent.status, 0);
  assert.match(sent.out, /GET \/a: nothing was expected: end the sentence with responds/);
  const open = run("open");
  assert.notEqual(open.status, 0);
  assert.match(open.out, /1 more event was emitted than expected/);
});
