// The shop's OpenAPI document under the eyes of a linter that is not ours.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openShop } from "./test/shop-under-test.ts";

test("shop: `redocly lint` finds no error in its OpenAPI document", async () => {
  const shop = await openShop();
  const answer = await shop.drive(shop.client.get("/openapi.json"));
  const directory = await mkdtemp(join(tmpdir(), "atoll-openapi-"));
  try {
    const file = join(directory, "openapi.json");
    await writeFile(file, JSON.stringify(answer.body));
    const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true", NO_COLOR: "1" };
    const { code, said } = await new Promise<{ readonly code: number; readonly said: string }>((resolve) => {
      execFile("npx", ["--no-install", "redocly", "lint", file], { env, timeout: 60_000 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), said: stdout + stderr });
      });
    });
    assert.equal(code, 0, said);
    assert.match(said, /valid/i);
  } finally {
    await rm(directory, { recursive: true });
  }
});
