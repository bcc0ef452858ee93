// What the compiler says about the mistakes of bad.ts and bad-read-model.ts. That each is an error is checked wherever the
// project is type checked; here the directives are taken away and the messages are read, because a message that does not
// name the cause is half a promise.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stripVTControlCharacters } from "node:util";

const here = import.meta.dirname;
const root = join(here, "../../../..");
const files = ["bad.ts", "bad-read-model.ts"];

interface Mistake {
  readonly number: number;
  readonly name: string;
  readonly says: readonly string[];
  /** `file:line` of the code below the directive. */
  readonly place: string;
}

function mistakesOf(file: string): readonly Mistake[] {
  const lines = readFileSync(join(here, file), "utf8").split("\n");
  return lines.flatMap((line, index): readonly Mistake[] => {
    const [, number, name, says] = /^\s*\/\/ @ts-expect-error (\d+) (.+): (`.+`)$/.exec(line) ?? [];
    if (number === undefined || name === undefined || says === undefined) {
      assert.doesNotMatch(line, /^\s*\/\/ @ts-expect-error/, `${file}:${index + 1} is a directive without number, name and message`);
      return [];
    }
    const quoted = [...says.matchAll(/`([^`]+)`/g)].map(([, text]) => text ?? "");
    return [{ number: Number(number), name, says: quoted, place: `${file}:${index + 2}` }];
  });
}

/**
 * Errors by `file:line`. What counts as said: the message with its reasons, the code that is underlined, and the messages that
 * point elsewhere ("Arguments for the rest parameter 'key' were not provided.").
 */
function errorsOf(output: string): ReadonlyMap<string, string> {
  const errors = new Map<string, string>();
  for (const block of output.split(/^(?=.*error TS\d+:)/m).filter((part) => part.includes("error TS"))) {
    const [head = "", ...rest] = block.split("\n");
    const [, place = head, message = ""] = /^(\S+:\d+):\d+ - error TS\d+: (.*)$/.exec(head) ?? [];
    const said = [message];
    const end = rest.indexOf("");
    said.push(...rest.slice(0, end));
    const [code = "", marks = ""] = rest.slice(end + 1);
    said.push(
      code
        .split("")
        .filter((_, column) => marks[column] === "~")
        .join(""),
    );
    for (const line of rest.slice(end + 3)) said.push(...(/^ {2}\S+:\d+:\d+ - (.*)$/.exec(line)?.slice(1) ?? []));
    errors.set(place, `${errors.get(place) ?? ""}${said.join("\n")}\n`);
  }
  return errors;
}

const mistakes = files.flatMap(mistakesOf);
const folder = mkdtempSync(join(tmpdir(), "atoll-mistakes-"));
let errors: ReadonlyMap<string, string> = new Map();

before(() => {
  cpSync(here, folder, { recursive: true, filter: (source) => !source.endsWith(".test.ts") });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const file of files) {
    const text = readFileSync(join(here, file), "utf8");
    writeFileSync(join(folder, file), text.replaceAll("@ts-expect-error", "mistake"));
  }
  const config = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as { readonly compilerOptions: object };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: config.compilerOptions, files }));
  const tsc = join(root, "node_modules/.bin/tsc");
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", ".", "--pretty"], { cwd: folder, encoding: "utf8" });
  assert.match(stdout, /Found \d+ errors/, `the compiler did not come to its end: ${stdout}${stderr}`);
  errors = errorsOf(stripVTControlCharacters(stdout));
});

after(() => rmSync(folder, { recursive: true }));

for (const { number, name, says, place } of mistakes) {
  test(`mistake ${number}: ${name}: the message names the cause`, () => {
    const said = errors.get(place);
    assert.ok(said !== undefined, `there is no error at ${place}`);
    for (const text of says) assert.ok(said.includes(text), `the message at ${place} does not say ${text}:\n${said}`);
  });
}

test("mistakes: there are 34, each once, and no other error beside them", () => {
  assert.deepEqual(
    mistakes.map(({ number }) => number).toSorted((a, b) => a - b),
    Array.from({ length: 34 }, (_, i) => i + 1),
  );
  const places = new Set(mistakes.map(({ place }) => place));
  assert.deepEqual(
    [...errors.keys()].filter((place) => files.includes(place.replace(/:.*/, "")) && !places.has(place)),
    [],
  );
});
