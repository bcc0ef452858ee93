// `atoll sagas` and `atoll apologies` against a running system: see test/systems/stuck.ts.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { atoll, AtollProcess, type Ended, refused, systemFile } from "../test/atoll-process.ts";

let folder = "";
let data = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-sagas-"));
  data = join(folder, "data");
});
after(() => rm(folder, { recursive: true, force: true }));

const ask = (...args: readonly string[]): Promise<Ended> => atoll([...args, "--data", data]);

async function said(ended: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
}

async function book(url: string, key: string): Promise<number> {
  const response = await fetch(`${url}/trips/${key}`, { method: "POST" });
  await response.arrayBuffer();
  return response.status;
}

/** What is said once it says so: an operator's word is carried out behind the answer. */
async function until(verb: readonly string[], pattern: RegExp): Promise<string> {
  for (;;) {
    const text = await said(ask(...verb));
    if (pattern.test(text)) return text;
  }
}

test("atoll sagas, atoll apologies: a parked saga is listed, shown, retried, abandoned, and its apology resolved", async () => {
  await using running = new AtollProcess(["run", systemFile("stuck"), "--port", "0", "--data", data]);
  const url = await running.url();
  assert.equal(await said(ask("sagas")), "no saga is under way\n");
  assert.equal(await said(ask("apologies")), "nobody is owed an apology\n");
  assert.equal(await book(url, "free"), 200);
  assert.equal(await book(url, "dear"), 504);

  assert.match(
    await said(ask("sagas")),
    /^SERVICE +SAGA +KEY +STATE +CHANGED +DETAIL\ntrips +trip +dear +parked +\S+Z +step "pay" cannot be carried out: /,
  );
  assert.equal(await said(ask("sagas", "list", "--state", "suspended")), "no saga is suspended\n");
  await refused(ask("sagas", "list", "--state", "asleep"), 2, /^atoll: "asleep" is no state of a saga: those are running, /);
  const [entry] = JSON.parse(await said(ask("sagas", "--json"))) as readonly { readonly key: string; readonly state: string }[];
  assert.deepEqual([entry?.key, entry?.state], ["dear", "parked"]);

  const shown = await said(ask("sagas", "show", "trips", "trip/dear"));
  assert.match(
    shown,
    /^saga +trip\/dear of service trips, by version 1\nstate +parked: step "pay".*\nstarted +\S+Z, by gateway\ninput +nothing\n\n\S+Z +Done +\{"step":"seat","n":1\}\n$/,
  );
  assert.match(await said(ask("sagas", "show", "trips", "free")), /state +ended: done\n/);
  await refused(ask("sagas", "show", "trips", "none"), 1, /there is no saga "none" \(of trip\)/);
  await refused(ask("sagas", "show", "trip", "dear"), 1, /there is no service "trip" here; there are: seats, banks, trips, gateway\n/);

  assert.equal(await said(ask("sagas", "retry", "trips", "dear")), "saga dear of service trips goes on where it stood\n");
  await refused(ask("sagas", "retry", "trips", "free"), 1, /it is ended, and only a parked one can be tried again/);
  await until(["sagas"], /parked/);

  await refused(ask("sagas", "abandon", "trips", "dear"), 2, /required option '--why <TEXT>' not specified/);
  assert.match(await said(ask("sagas", "abandon", "trips", "dear", "--why", "no money")), /^saga dear of service trips is abandoned: /);
  const owed = await until(["apologies"], /OWNER/);
  assert.match(owed, /^SERVICE +SAGA +KEY +STEP +OWNER +DUE +REASON\ntrips +trip +dear +seat\/1 +customer care +\S+Z +/);
  assert.match(await said(ask("sagas")), /dear +apologising +\S+Z +owes an apology for seat\/1\n/);
  await refused(ask("apologies", "resolve", "trips", "dear", "pay/1", "--note", "x"), 1, /it owes no apology for step "pay\/1"/);
  assert.match(
    await said(ask("apologies", "resolve", "trips", "dear", "seat/1", "--note", "called")),
    /^the apology for step seat\/1 of saga dear/,
  );
  assert.equal(await said(ask("apologies")), "nobody is owed an apology\n");
  assert.equal(await said(ask("sagas")), "no saga is under way\n");
  assert.match(await said(ask("sagas", "show", "trips", "dear")), /apology +seat\/1, owed by customer care: resolved, called\n/);

  running.kill("SIGKILL");
  await running.ended;
  await refused(ask("sagas"), 1, /^atoll: no process runs .*: sagas are asked of a running system, start it with `atoll run`\n$/);
});
