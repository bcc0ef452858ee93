// `atoll read-models`, with the system running: see test/systems/shelved.ts for what is parked in it.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ParkedEntity, ReadModelStatus, Retried } from "@atoll/core";
import { atoll, AtollProcess, type Ended, jsonOf, refused, systemFile } from "../test/atoll-process.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-read-models-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const readModels = (...args: readonly string[]): Promise<Ended> => atoll(["read-models", ...args, "--data", join(folder, "data")]);

const json = <T>(...args: readonly string[]): Promise<T> => jsonOf<T>(readModels(...args, "--json"));

test("atoll read-models: what is parked is listed, brought back once its handler is mended, and rebuilt under the eyes of who asked", async () => {
  const poison = join(folder, "poison");
  await writeFile(poison, "");
  await using running = new AtollProcess(["run", systemFile("shelved"), "--port", "0", "--data", join(folder, "data")], {
    env: { ATOLL_TEST_POISON: poison },
  });
  const url = await running.url();
  const add = async (key: string, by: number): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/tallies/${encodeURIComponent(key)}`, { method: "POST", headers, body: JSON.stringify({ by }) });
    assert.equal(response.ok, true);
    await response.arrayBuffer();
  };
  assert.equal((await readModels("parked")).stdout, "nothing is parked\n");
  for (const by of [1, 13, 4]) {
    await add("bad luck", by);
    await add("good luck", by === 13 ? 2 : by);
  }
  // A command that waits for what is behind: there is no other way to know that the last event has come through.
  let status: ReadModelStatus | undefined;
  do [status] = await json<readonly ReadModelStatus[]>("list");
  while (status?.sources[0]?.behind !== 0);
  assert.deepEqual(status, {
    service: "tallies",
    readModel: "sums",
    version: 1,
    state: "live",
    sources: [{ source: "tally", behind: 0, behindMs: 0 }],
    parked: 1,
  });
  assert.match(
    (await readModels()).stdout,
    /^SERVICE +READ MODEL +VERSION +STATE +BEHIND +PARKED *\ntallies +sums +1 +live +tally 0 +1 *\n$/,
  );
  const [parked, ...more] = await json<readonly ParkedEntity[]>("parked");
  assert.deepEqual(more, []);
  assert.deepEqual([parked?.source, parked?.key, parked?.skipped], ["tally", "bad luck", 1]);
  assert.match((await readModels("parked")).stdout, /bad luck +\S+Z +1 +thirteen cannot be added\n$/);
  const health = (await (await fetch(`${url}/health`)).json()) as {
    readonly services: readonly { readonly name: string; readonly readModels?: unknown }[];
  };
  assert.deepEqual(health.services.find(({ name }) => name === "tallies")?.readModels, [{ name: "sums", state: "live", behind: 0 }]);

  assert.match((await readModels("retry", "tallies", "sums")).stdout, /^0 entities are applied to the end, 1 failed again:\nSERVICE/);
  await refused(readModels("retry", "tallies", "sums", "good luck"), 1, /^atoll: "good luck" is not parked in read model "sums"; /);
  await refused(
    readModels("retry", "tallies", "nothing"),
    1,
    /^atoll: service "tallies" has no read model "nothing" here; there are: tallies sums\n$/,
  );
  await rm(poison);
  assert.deepEqual(await json<Retried>("retry", "tallies", "sums", "tally/bad luck"), { released: 1, parked: [] });
  const all = [
    { key: "bad luck", total: 18 },
    { key: "good luck", total: 7 },
  ];
  assert.deepEqual(await (await fetch(`${url}/sums`)).json(), all);
  assert.equal((await readModels("rebuild", "tallies", "sums")).stdout, "rebuilt sums of service tallies: live\n");
  assert.deepEqual(await (await fetch(`${url}/sums`)).json(), all);
  assert.equal((await running.stop()).code, 0);
  await refused(readModels(), 1, /^atoll: nothing runs .* start it with `atoll run`, then ask again\./);
  await refused(readModels("rebuild"), 2, /missing required argument 'SERVICE'/);
  await refused(readModels("lst"), 2, /unknown command 'read-models lst'/);
});
