// What the guide's reader types, typed.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RunningFile, shell, type } from "./test/terminal.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-guide-"));
});
after(() => rm(folder, { recursive: true, force: true }));

test("guide: the first service answers as the guide says, and its guests are still there after kill -9", async () => {
  const data = join(folder, "lounges");
  await using first = await RunningFile.open("lounge.ts", data);
  await type("lounge.console", { here: { "localhost:8080": `127.0.0.1:${first.port}` } });
  await first.kill();
  await using second = await RunningFile.open("lounge.ts", data);
  await type("lounge-again.console", { here: { "localhost:8080": `127.0.0.1:${second.port}` } });
});

test("guide: seats oversold on a guess during a cut are reconciled, compensated and apologised for", async () => {
  const [cabins, data] = [join(folder, "airline"), join(folder, "agency")];
  const airline = await RunningFile.open("airline.ts", cabins);
  const there = `127.0.0.1:${airline.port}`;
  await using agency = await RunningFile.open("seats.ts", data, 0, { AIRLINE_URL: `http://${there}` });
  const here = { "localhost:8080": `127.0.0.1:${agency.port}`, "localhost:8081": there, ".atoll/agency": data };
  await type("seats-open.console", { here });

  await airline.kill();
  await type("seats-cut.console", { here });

  await using _ = await RunningFile.open("airline.ts", cabins, airline.port);
  const blurred = (text: string): string =>
    text.replaceAll(/\b(ann|ben|cem|dan)\b/g, "who").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "when");
  await type("seats-reconciled.console", { here, blurred });

  const [owed] = JSON.parse(await shell(`npx atoll apologies --json --data ${data}`)) as readonly [
    { key: string; due: string; since: string },
  ];
  assert.equal(Date.parse(owed.due) - Date.parse(owed.since), 2 * 86_400_000);
  await type("seats-apologised.console", { here: { ...here, dan: owed.key }, blurred });
});
