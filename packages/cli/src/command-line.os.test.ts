// What the command says to a wrong command line, and to a file that cannot be run. No system is started here.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { atoll, exampleHello, systemFile, told } from "../test/atoll-process.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-command-line-"));
  await mkdir(join(folder, "folder.ts"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await mkdir(join(folder, "untyped"));
  await writeFile(join(folder, "untyped/package.json"), "{}");
});
after(() => rm(folder, { recursive: true, force: true }));

/** Runs `atoll`, which must say something like `pattern` on standard error, nothing on standard output, and no stack of ours. */
async function refused(args: readonly string[], code: 1 | 2, pattern: RegExp): Promise<string> {
  const ended = await atoll(args, { cwd: folder });
  const text = told(ended);
  assert.match(text, pattern);
  assert.equal(ended.code, code, text);
  assert.equal(ended.stdout, "");
  assert.doesNotMatch(text, /node:internal|\/cli\/src\//);
  return text;
}

/** Runs a file with this text. */
async function refusedFile(name: string, text: string, pattern: RegExp): Promise<string> {
  await writeFile(join(folder, name), text);
  return refused(["run", name, "--port", "0"], 1, pattern);
}

test("atoll: without arguments, and with --help, prints its verbs and ends with 0", async () => {
  const [bare, help] = await Promise.all([atoll([]), atoll(["--help"])]);
  assert.deepEqual([bare.code, bare.stderr, help.code, help.stderr], [0, "", 0, ""]);
  assert.match(bare.stdout, /^Usage: atoll .*run .* <FILE>.*quarantine/s);
  assert.equal(help.stdout, bare.stdout);
});

test("atoll: --version prints the version of the package", async () => {
  const manifest = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string };
  const { code, stdout } = await atoll(["--version"]);
  assert.deepEqual([code, stdout], [0, `${manifest.version}\n`]);
});

test("atoll: a Node that is too old is told so, and ends with 1", async () => {
  for (const [version, isOld] of [
    ["20.20.2", true],
    ["22.17.9", true],
    ["22.18.0", false],
  ] as const) {
    const versions = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`;
    const ended = await atoll(["--version"], { execArgv: ["--import", `data:text/javascript,${encodeURIComponent(versions)}`] });
    assert.equal(ended.code, isOld ? 1 : 0);
    if (isOld) assert.match(ended.stderr, new RegExp(`^atoll: Node ${version} is too old; .*22\\.18.*\\n$`));
  }
});

test("atoll: unknown verbs and flags, and too many or too few words, are usage errors", async () => {
  await Promise.all([
    refused(["runn", "x.ts"], 2, /^atoll: unknown command 'runn'\n\(Did you mean run\?\)/),
    refused(["run", "x.ts", "--prot", "1"], 2, /^atoll: unknown option '--prot'\n\(Did you mean --port\?\)/),
    refused(["run"], 2, /^atoll: missing required argument 'FILE'/),
    refused(["run", "a.ts", "b.ts"], 2, /^atoll: too many arguments/),
    refused(["run", "x.ts", "--port"], 2, /^atoll: option '--port <N>' argument missing/),
  ]);
  await Promise.all([
    refused(["run", "x.ts", "--port", "70000"], 2, /^atoll: --port is a whole number from 0 .*65535, not "70000"/),
    refused(["run", "x.ts", "--host", ""], 2, /^atoll: --host is empty/),
    refused(["quarantine", "lst"], 2, /^atoll: unknown command 'quarantine lst'/),
    refused(["quarantine", "release", "service"], 2, /^atoll: missing required argument 'KEY'/),
  ]);
});

test("atoll run: a file that is missing, a folder or no program is named", async () => {
  await Promise.all([
    refused(["run", "none.ts"], 1, /^atoll: there is no file none\.ts \(looked for \/.*\/none\.ts\)\n$/),
    refused(["run", exampleHello.replace(/\.ts$/, "")], 1, /^atoll: there is no file \/.*\/hello; did you mean \/.*\/hello\.ts\?\n$/),
    refused(["run", "folder.ts"], 1, /^atoll: folder\.ts is a directory: name the file/),
    refusedFile("data.json", "{}", /^atoll: data\.json is not a program: .* \.ts, \.js/),
  ]);
});

test("atoll run: a syntax error is shown with file, line and place, in TypeScript and in JavaScript", async () => {
  await Promise.all([
    refusedFile("syntax.ts", "const a: number = 1;\nexport const b = = a;\n", /\/syntax\.ts:2\n.*\n {2}export const b = = a;\n {2} +\^/),
    refusedFile(
      "syntax.js",
      "\n\nexport const b = ;\n",
      /\/syntax\.js:3\n {2}export const b = ;\n {2} +\^\n\n {2}SyntaxError: Unexpected token/,
    ),
    refusedFile("untyped/syntax.ts", "const a: number = 1;\nexport const b = = a;\n", /\/untyped\/syntax\.ts:2\n/),
    refusedFile("enum.ts", "export enum A {\n  x,\n}\n", /\/enum\.ts:1\n(.*\n)*.*enum is not supported/),
  ]);
});

test("atoll run: what a file throws while it is loaded is shown with its own places", async () => {
  await Promise.all([
    refusedFile(
      "throws.ts",
      'const f = () => {\n  throw new RangeError("boom");\n};\nf();\n',
      /^atoll: throws\.ts cannot be loaded\n {2}RangeError: boom\n {6}at f \(.*\/throws\.ts:2:9\)\n {6}at .*\/throws\.ts:4:1\n$/,
    ),
    refusedFile("throws-text.ts", 'throw "text";', /it threw 'text'/),
    refusedFile("import.ts", 'import "no-such-package";', /Cannot find package 'no-such-package' imported from .*import\.ts/),
    refused(["run", systemFile("misdefined")], 1, /The definition is not valid \(service "Not A Name"\).*\n {6}at .*misdefined\.ts:4:\d+/),
  ]);
});

test("atoll run: a file that waits for ever while it is loaded is told so", async () => {
  await refusedFile("waits.ts", "await new Promise(() => {});", /^atoll: waits\.ts was never loaded to its end: an await/);
});

test("atoll run: a file without a system is told what it exports instead, one with several which", async () => {
  const plain = (name: string): string => `export const ${name} = { kind: "system", name: "${name}", services: [] };\n`;
  await Promise.all([
    refusedFile(
      "none.js",
      "export const a = 1;\nexport const b = { kind: 'service' };\nexport default () => {};\n",
      /^atoll: none\.js exports no system, but a \(number\), b \(service\), default \(function\)\. /,
    ),
    refusedFile("nothing.js", "", /^atoll: nothing\.js exports no system, but nothing\. Export what system\(…\) returned\.\n$/),
    refusedFile(
      "untyped/none.js",
      "exports.a = 1;",
      /^atoll: untyped\/none\.js exports no system, but a \(number\), default \(object\)\. /,
    ),
    refusedFile("several.js", plain("one") + plain("two"), /^atoll: several\.js exports 2 systems: one, two\. Only one can be run/),
  ]);
});

test("atoll: --debug adds where a refusal came from", async () => {
  const { code, stderr } = await atoll(["run", "none.ts", "--debug"], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /^atoll: there is no file none\.ts .*\nCommandError: (.*\n)+ +at .*system-file\.ts/);
});
