// `atoll quarantine`, with the system running and with its logs at rest. What is quarantined is an entity whose code cannot
// apply an event of its own log: see test/systems/poisoned.ts.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Quarantined } from "@atoll/core";
import { atoll, AtollProcess, type Ended, exampleHello, refused, systemFile } from "../test/atoll-process.ts";

let folder = "";
let data = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-quarantine-"));
  data = join(folder, "data");
  await using healthy = poisoned("off");
  assert.equal(await add(await healthy.url(), "bad luck", 13), 200);
  assert.equal((await healthy.stop()).code, 0);
});
after(() => rm(folder, { recursive: true, force: true }));

const poisoned = (poison: "on" | "off"): AtollProcess =>
  new AtollProcess(["run", systemFile("poisoned"), "--port", "0", "--data", data], { env: { ATOLL_TEST_POISON: poison } });
const quarantine = (...args: readonly string[]): Promise<Ended> => atoll(["quarantine", ...args, "--data", data]);

async function add(url: string, key: string, by: number): Promise<number> {
  const body = JSON.stringify({ by });
  const response = await fetch(`${url}/tallies/${encodeURIComponent(key)}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}

function entriesOf({ code, stdout, stderr }: Ended): readonly Quarantined[] {
  assert.deepEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout) as readonly Quarantined[];
}

/** What is said of the one entity that is quarantined here, whoever is asked. */
async function listsIt(): Promise<void> {
  const [entry, ...more] = entriesOf(await quarantine("--json"));
  assert.deepEqual(more, []);
  assert(entry);
  const { since, reason, offset, ...named } = entry;
  assert.deepEqual(named, { service: "tallies", entity: "tally", key: "bad luck" });
  assert.match(since, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(reason, /cannot be applied: thirteen cannot be added/);
  assert.equal(offset, 0);
  const { code, stdout } = await quarantine("list");
  assert.equal(code, 0);
  assert.match(stdout, /^SERVICE +ENTITY +KEY +SINCE +REASON\ntallies +tally +bad luck +\S+Z +the record at .*thirteen.*\n$/);
}

test("atoll quarantine: a poisoned entity is listed by the running process and from its log at rest, and is back after its release", async () => {
  await using running = poisoned("on");
  const url = await running.url();
  assert.equal((await quarantine()).stdout, "nothing is quarantined\n");
  assert.equal(await add(url, "bad luck", 1), 503);
  assert.equal(await add(url, "good luck", 1), 200);
  await listsIt();
  await refused(quarantine("release", "tallies", "good luck"), 1, /^atoll: "good luck" of service "tallies" is not quarantined; /);
  await refused(quarantine("release", "talies", "bad luck"), 1, /^atoll: there is no service "talies" .* there are: tallies, gateway\n$/);

  // Released while its code is as bad as before, it is tried again, and comes back.
  const released = await quarantine("release", "tallies", "bad luck");
  assert.deepEqual([released.code, released.stderr], [0, ""]);
  assert.match(released.stdout, /^released tally\/bad luck of service tallies; the next message brings it back from its log\n$/);
  assert.equal((await quarantine()).stdout, "nothing is quarantined\n");
  assert.equal(await add(url, "bad luck", 1), 503);
  await listsIt();
  running.kill("SIGKILL");
  await running.ended;

  // The killed process left its address behind, and nobody answers there.
  await listsIt();
  await refused(quarantine("release", "tallies", "good luck"), 1, /^atoll: "good luck" of service "tallies" is not quarantined; /);
  await refused(quarantine("release", "talies", "bad luck"), 1, /^atoll: there is no service "talies" .* there are: gateway, tallies\n$/);
  const [entry] = entriesOf(await quarantine("release", "tallies", "tally/bad luck", "--json"));
  assert.equal(entry?.key, "bad luck");
  assert.deepEqual(entriesOf(await quarantine("--json")), []);

  // Its code mended, it has lost nothing.
  await using mended = poisoned("off");
  const response = await fetch(`${await mended.url()}/tallies/bad%20luck`);
  assert.deepEqual([response.status, await response.json()], [200, { total: 13 }]);
  assert.equal((await mended.stop()).code, 0);
});

test("atoll quarantine: without --data it takes the only folder in .atoll, and asks where there are several or none", async () => {
  const cwd = join(folder, "cwd");
  await mkdir(cwd);
  await refused(atoll(["quarantine"], { cwd }), 2, /^atoll: there is no data directory in \.atoll: name one with --data\n$/);
  await using running = new AtollProcess(["run", exampleHello, "--port", "0"], { cwd });
  await running.url();
  assert.equal((await atoll(["quarantine"], { cwd })).stdout, "nothing is quarantined\n");
  await mkdir(join(cwd, ".atoll/another"));
  await refused(atoll(["quarantine"], { cwd }), 2, /^atoll: there are several .* with --data: \.atoll\/another, \.atoll\/hello\n$/);
  await refused(
    atoll(["quarantine", "--data", ".atoll/another"], { cwd }),
    1,
    /^atoll: there are no logs in .*\/another: --data names the folder/,
  );
  await rm(join(cwd, ".atoll/hello/control.json"));
  await refused(
    atoll(["quarantine", "--data", ".atoll/hello"], { cwd }),
    1,
    new RegExp(`^atoll: Another process uses .* pid ${running.pid}, `),
  );
});

test("atoll quarantine: a data directory that is missing or a file is named", async () => {
  await writeFile(join(folder, "file"), "");
  await refused(
    atoll(["quarantine", "--data", "none"], { cwd: folder }),
    1,
    /^atoll: the data directory none cannot be read: there is no such file or folder \(ENOENT\)\n$/,
  );
  await refused(atoll(["quarantine", "--data", "file"], { cwd: folder }), 1, /^atoll: file is a file: --data names the folder/);
});
