import assert from "node:assert/strict";
import { test } from "node:test";
import { renewed } from "./quotes.ts";

const files: { readonly [file: string]: string } = {
  "a.ts": "// head\n// #region one\nconst a = 1;\n// #endregion\n\n// #region two\nconst b = 2;\n// #endregion\n",
  "a.console": "$ ls\na.ts\n",
};
const read = (file: string): string | undefined => files[file];
const block = (mark: string, language: string, body: string): string => `Text.\n\n${mark}\`\`\`${language}\n${body}\n\`\`\`\n\nMore.\n`;

test("guide: a quotation that says what the file says stays as it is", () => {
  for (const page of [
    block("<!-- quoted: a.ts#two -->\n", "ts", "const b = 2;"),
    block("<!-- quoted: a.console -->\n", "console", "$ ls\na.ts"),
    block("", "sh", "npm ci"),
  ])
    assert.deepEqual(renewed(page, read), { page, problems: [] });
});

test("guide: a quotation that says something else is renewed, region by region", () => {
  const stale = block("<!-- quoted: a.ts#one -->\n", "ts", "const a = 0;") + block("<!-- quoted: a.ts#two -->\n", "ts", "");
  const right = block("<!-- quoted: a.ts#one -->\n", "ts", "const a = 1;") + block("<!-- quoted: a.ts#two -->\n", "ts", "const b = 2;");
  assert.deepEqual(renewed(stale, read), { page: right, problems: [] });
});

test("guide: code that is not quoted, a file that is not there, and a region that is not in it are told", () => {
  const problems = (page: string): readonly string[] => renewed(page, read).problems;
  assert.deepEqual(problems(block("", "ts", "const c = 3;")), ['a block of ts that is not quoted begins with "const c = 3;"']);
  assert.deepEqual(problems(block("<!-- quoted: b.ts -->\n", "ts", "")), ["b.ts is not there"]);
  assert.deepEqual(problems(block("<!-- quoted: a.ts#three -->\n", "ts", "")), ['a.ts has no region "three"']);
});
