// Each checker is shown one violation of each kind it is there for, in a small copy of the repository's layout, and must
// name every one. The clean copy is checked first: what is reported afterwards is reported because it was planted.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { packages, rooms } from "./layers.ts";
import { root } from "./generated.ts";

const copy = mkdtempSync(join(tmpdir(), "atoll-check-"));
const failures = "packages/core/src/base/failure.ts";
const copied = [
  "package.json",
  failures,
  ...packages.filter(({ name }) => name !== "examples").map(({ folder }) => `${folder}/package.json`),
];
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly scripts: { readonly [name: string]: string };
};

function plant(files: { readonly [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
}

/** The clean copy: a file in every room and package, published subpaths, and one import that is allowed. */
function plantClean(): void {
  for (const folder of ["packages", "examples", "bench"]) rmSync(join(copy, folder), { recursive: true, force: true });
  for (const path of copied) cpSync(join(root, path), join(copy, path));
  for (const { folder } of rooms) plant({ [`packages/core/src/${folder}/index.ts`]: `export const ${folder} = "${folder}";\n` });
  plant({
    "packages/core/src/index.ts": 'export { system } from "./system/index.ts";\nexport { used } from "./system/used.ts";\n',
    "packages/core/src/system/used.ts": 'export const used = "used";\n',
    "packages/core/src/system/edge.ts": 'import { base } from "../base/index.ts";\n\nexport const edge = base;\n',
    "packages/gateway/src/index.ts": 'export { edge } from "@atoll/core/edge";\n',
    "packages/testkit/src/index.ts": "export const testkit = 1;\n",
    "packages/cli/src/atoll.js": "export const cli = 1;\n",
  });
}

function run(stage: string): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(scripts[stage] as string, {
    cwd: copy,
    shell: true,
    encoding: "utf8",
    env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`, NO_COLOR: "1" },
  });
  return { status, output: stdout + stderr };
}

function assertNamed(stage: string, expected: readonly (string | RegExp)[]): void {
  const { status, output } = run(stage);
  assert.notEqual(status, 0, `${stage} passed`);
  const missed = expected.filter((text) => (typeof text === "string" ? !output.includes(text) : !text.test(output)));
  assert.deepEqual(missed, [], `${stage} did not name these; it said:\n${output}`);
}

function assertPasses(stage: string): void {
  const { status, output } = run(stage);
  assert.equal(status, 0, output);
}

before(() => {
  for (const path of [".oxlintrc.json", ".oxfmtrc.json", "tsconfig.json", "knip.json", "ARCHITECTURE.md", "scripts", "docs"]) {
    cpSync(join(root, path), join(copy, path), { recursive: true });
  }
  rmSync(join(copy, "scripts/check.os.test.ts"));
  const needingPackages = ["chaos", "kill9", "shop-kill9", "help-desk", "start", "trace", "trace.test", "verify"];
  for (const path of needingPackages.flatMap((name) => [`scripts/${name}.ts`, `scripts/${name}`]))
    rmSync(join(copy, path), { recursive: true, force: true });
  mkdirSync(join(copy, "node_modules/@atoll"), { recursive: true });
  for (const entry of readdirSync(join(root, "node_modules"))) {
    if (entry !== "@atoll") symlinkSync(join(root, "node_modules", entry), join(copy, "node_modules", entry));
  }
  for (const name of ["core", "gateway", "testkit", "cli"]) symlinkSync(`../../packages/${name}`, join(copy, "node_modules/@atoll", name));
});
after(() => rmSync(copy, { recursive: true, force: true }));

test("layers: every kind of forbidden import is named, a clean tree passes", () => {
  plantClean();
  assertPasses("layers");
  plant({
    "packages/core/src/base/up.ts": 'import { runtime } from "../runtime/index.ts";\n\nexport const up = runtime;\n',
    "packages/core/src/base/up-type.ts": 'import type { system } from "../system/index.ts";\n\nexport type Up = typeof system;\n',
    "packages/core/src/entity/sibling.ts": 'import { handlers } from "../handlers/index.ts";\n\nexport const sibling = handlers;\n',
    "packages/core/src/journal/sqlite/index.ts": "export const sqlite = 1;\n",
    "packages/core/src/entity/medium.ts": 'import { sqlite } from "../journal/sqlite/index.ts";\n\nexport const medium = sqlite;\n',
    "packages/core/src/entity/database.ts": 'import { DatabaseSync } from "node:sqlite";\n\nexport const database = DatabaseSync;\n',
    "packages/core/src/entity/library.ts": 'import { Hono } from "hono";\n\nexport const library = Hono;\n',
    "packages/core/src/mailbox/a.ts": 'import { b } from "./b.ts";\n\nexport const a = (): unknown => b;\n',
    "packages/core/src/mailbox/b.ts": 'import { a } from "./a.ts";\n\nexport const b = (): unknown => a;\n',
    "packages/core/src/system/a.test.ts": "export const tested = 1;\n",
    "packages/core/src/system/tests.ts": 'export { tested } from "./a.test.ts";\n',
    "packages/core/src/novelty/index.ts": "export const novelty = 1;\n",
    "packages/gateway/src/round.ts": 'export { base } from "../../core/src/base/index.ts";\n',
    "packages/gateway/src/unpublished.ts": 'export { base } from "@atoll/core/base";\n',
    "packages/cli/src/stranger.ts": 'export { edge } from "@atoll/gateway";\n',
  });
  assertNamed("layers", [
    "layer-base: packages/core/src/base/up.ts",
    "layer-base: packages/core/src/base/up-type.ts",
    "layer-entity: packages/core/src/entity/sibling.ts",
    "chamber-journal-sqlite: packages/core/src/entity/medium.ts",
    "confined-sqlite: packages/core/src/entity/database.ts",
    "libraries-core: packages/core/src/entity/library.ts",
    /no-cycle: packages\/core\/src\/mailbox\/[ab]\.ts/,
    "no-test-in-production: packages/core/src/system/tests.ts",
    "packages/core/src/novelty is no room",
    "no-way-round: packages/gateway/src/round.ts",
    "published-subpaths: packages/gateway/src/unpublished.ts",
    "package-cli: packages/cli/src/stranger.ts",
  ]);
});

test("layers: a table in ARCHITECTURE.md that differs from the rules is refused", () => {
  plantClean();
  const page = readFileSync(join(copy, "ARCHITECTURE.md"), "utf8");
  plant({ "ARCHITECTURE.md": page.replace("| L0 |", "| L9 |") });
  assertNamed("layers", ["npm run layers -- --write"]);
  plant({ "ARCHITECTURE.md": page });
});

test("lint: every ambient call and every loose promise is named with what to use instead, a clean tree passes", () => {
  plantClean();
  assertPasses("lint");
  plant({
    "packages/core/src/entity/ambient.ts": [
      'import { readFileSync } from "node:fs";',
      "export const read = readFileSync;",
      "export const now = Date.now();",
      "export const today = new Date();",
      "export const chance = Math.random();",
      "setTimeout(() => undefined, 1);",
      "setInterval(() => undefined, 1);",
      "setImmediate(() => undefined);",
      "queueMicrotask(() => undefined);",
      'export const home = process.env["HOME"];',
      "export const id = crypto.randomUUID();",
      "export const round = globalThis.setTimeout;",
      'console.log("loud");',
      'export const plain = (): never => { throw new Error("what?"); };',
      "export const loose = (): void => { Promise.resolve(1); };",
      "export default 1;",
      "",
    ].join("\n"),
    "packages/gateway/src/ambient.ts": "export const gatewayNow = Date.now();\n",
    "packages/core/src/runtime/node/clock.ts": "export const allowed = Date.now();\n",
  });
  assertNamed("lint", [
    "'node:fs' import is restricted",
    "Use Runtime.clock.now().",
    "reads the machine's clock",
    "Use Runtime.random",
    ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "process", "crypto", "console"].map(
      (name) => `Unexpected use of '${name}'`,
    ),
    "'globalThis' is restricted",
    "Use Runtime.timers.after",
    "Use Runtime.scheduler.soon",
    "registered code",
    "no-floating-promises",
    "no-default-export",
    "packages/gateway/src/ambient.ts",
  ]);
  assert.ok(!run("lint").output.includes("runtime/node/clock.ts"), "runtime/node may read the clock");
});

test("types: a wrong type and syntax that cannot be erased are named, a clean tree passes", () => {
  plantClean();
  assertPasses("types");
  plant({
    "packages/core/src/base/wrong.ts": 'export const wrong: number = "text";\n',
    "packages/core/src/base/enum.ts": "export enum Colour {\n  Red,\n}\n",
  });
  assertNamed("types", ["wrong.ts(1,14): error TS2322", "enum.ts(1,13): error TS1294"]);
});

test("format: a badly laid out file is named, a tree that was formatted passes", () => {
  plantClean();
  run("format");
  assertPasses("format:check");
  plant({ "packages/core/src/base/askew.ts": "export   const askew = 'single'\n" });
  assertNamed("format:check", ["askew.ts"]);
});

test("dead: an unused file, export, type and dependency are named, used ones are not", () => {
  plantClean();
  plant({
    "packages/core/src/system/used.ts": 'export const used = "used";\nexport const unusedExport = 1;\nexport type UnusedType = string;\n',
    "packages/core/src/system/forgotten.ts": "export const forgotten = 1;\n",
  });
  assertNamed("dead", ["packages/core/src/system/forgotten.ts", "unusedExport", "UnusedType", /commander\s+packages\/cli\/package\.json/]);
  assert.ok(!/\bused\b.*used\.ts/.test(run("dead").output), "what is used is not called dead");
});

test("errors: a failure that docs/errors.md does not list is refused", () => {
  plantClean();
  plant({
    "packages/core/src/base/failure.ts":
      'export const failures = { NOVEL: { title: "t", outcome: "unknown", retry: "never", help: "h" } };\n',
  });
  assertNamed("errors", ["npm run errors -- --write"]);
});
