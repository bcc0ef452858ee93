// Logs of the last program that stored no traces (fixtures: one log.db of each service, as it left them when it was stopped with a told command, a
// published message, an accepted request and a sleeping saga not done with, all of which had come with a `traceparent`).
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { start } from "@atoll/core";
import { byName, idOf, remembered, shown, Stage, traceparent } from "./remembered.ts";

const fixtures = new URL("fixtures/", import.meta.url);

async function oldData(): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), "atoll-trace-"));
  for (const name of await readdir(fixtures)) {
    const service = join(data, name.replace(".db.gz", ""));
    await mkdir(service);
    await writeFile(join(service, "log.db"), gunzipSync(await readFile(new URL(name, fixtures))));
  }
  return data;
}

test("upgrade: what logs without traces hold goes on, without one, and what comes from then on has its own", async () => {
  const data = await oldData();
  const stage = new Stage(true);
  try {
    await using running = await start(remembered(stage), { data, port: 0, logger: { log: () => undefined } });
    await stage.reached(6);
    assert.deepEqual(
      byName(stage.runs),
      ["accepted", "home", "noted 1", "noted 2", "told", "undo"].map((who) => ({ who, trace: undefined })),
    );
    stage.runs.length = 0;
    const told = await fetch(`${running.url}/told`, { method: "POST", headers: { traceparent: traceparent(1) } });
    assert.equal(told.status, 204);
    const noted = await fetch(`${running.url}/notes/a`, { method: "POST", headers: { traceparent: traceparent(2) } });
    assert.equal(noted.status, 204);
    await stage.reached(4);
    assert.deepEqual(shown(byName(stage.runs)), [
      ["desk", idOf(1), "01"],
      ["noted 1", idOf(2), "01"],
      ["noted 2", idOf(2), "01"],
      ["told", idOf(1), "01"],
    ]);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});
