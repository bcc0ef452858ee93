// `atoll deadletters`, with the system running and with its logs at rest: see test/systems/lettered.ts for what is not delivered.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { atoll, AtollProcess, type Ended, jsonOf, refused, systemFile } from "../test/atoll-process.ts";
import type { ShownLetter } from "./dead-letter.ts";

let folder = "";
let poison = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-dead-letters-"));
  poison = join(folder, "poison");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const running = (): AtollProcess =>
  new AtollProcess(["run", systemFile("lettered"), "--port", "0", "--data", join(folder, "data")], { env: { ATOLL_TEST_POISON: poison } });
const letters = (...args: readonly string[]): Promise<Ended> => atoll(["deadletters", ...args, "--data", join(folder, "data")]);

const json = <T>(...args: readonly string[]): Promise<T> => jsonOf<T>(letters(...args, "--json"));

const order = async (url: string, shelf: string, qty: number): Promise<void> => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/orders`, { method: "POST", headers, body: JSON.stringify({ shelf, qty }) });
  assert.equal(response.status, 204);
};
const attention = async (url: string): Promise<{ readonly deadLetters: number }> => {
  const response = await fetch(`${url}/health`);
  assert.equal(response.status, 200);
  const { status, attention: counts } = (await response.json()) as { status: string; attention: { deadLetters: number } };
  assert.equal(status, "ok");
  return counts;
};
const holds = async (url: string, shelf: string): Promise<unknown> => (await fetch(`${url}/shelves/${shelf}`)).json();

/** Waits until /health counts so many: what is told is delivered, or parked, some time after its answer. */
async function counted(url: string, wanted: number): Promise<void> {
  while ((await attention(url)).deadLetters !== wanted) await new Promise((resolve) => setImmediate(resolve));
}

test("atoll deadletters: what could not be delivered is listed, shown, sent once more or discarded, and /health counts it", async () => {
  await writeFile(poison, "");
  await using first = running();
  const url = await first.url();
  assert.equal((await letters()).stdout, "there are no dead letters\n");
  assert.deepEqual(await attention(url), {
    parkedSagas: 0,
    openApologies: 0,
    overdueApologies: 0,
    deadLetters: 0,
    quarantinedKeys: 0,
    parkedReadModelEntities: 0,
  });
  for (const qty of [1, 13, 14, 99, 2]) await order(url, "east", qty);
  await counted(url, 3);

  const list = await json<readonly ShownLetter[]>();
  assert.deepEqual(
    list.map(({ service, to, code, input }) => [service, to, code, input]),
    [1, 2, 3].map(() => ["desk", "shelf/east.put", "DEFECT", undefined]),
  );
  assert.match(
    (await letters("list")).stdout,
    /^SERVICE +LETTER +TO +SINCE +CODE +REASON\ndesk +\S+ +shelf\/east\.put +\S+Z +DEFECT +.*thirteen/,
  );
  const [thirteen, fourteen, full] = list.map(({ letter }) => letter) as [string, string, string];
  assert.deepEqual((await json<ShownLetter>("show", "desk", thirteen)).input, { qty: 13 });
  assert.match((await letters("show", "desk", thirteen)).stdout, /input +\{"qty":13\}/);

  await refused(letters("replay", "desk", thirteen), 1, /^atoll: .*thirteen cannot be put away/);
  await refused(letters("show", "desk", "nothing"), 1, /^atoll: "nothing" names no dead letter/);
  await refused(letters("discard", "desk", `${thirteen}7`), 1, /^atoll: service "desk" has no dead letter /);
  await refused(letters("discard", "dek", thirteen), 1, /^atoll: there is no service "dek" here; there are: shelves, desk, gateway\n$/);
  await refused(letters("forget"), 2, /unknown command 'deadletters forget'/);

  await rm(poison);
  const replayed = await letters("replay", "desk", thirteen);
  assert.deepEqual([replayed.code, replayed.stdout], [0, "shelf/east.put was sent once more and answered; the letter is gone\n"]);
  assert.match((await letters("replay", "desk", full)).stdout, /sent once more and rejected with Full; the letter is gone\n$/);
  assert.deepEqual(await holds(url, "east"), { qty: 16 });
  await counted(url, 1);
  assert.equal((await first.stop()).code, 0);

  // At rest it is listed, shown and discarded from the log; sending it takes the system.
  assert.deepEqual(
    (await json<readonly ShownLetter[]>()).map(({ letter }) => letter),
    [fourteen],
  );
  assert.deepEqual((await json<ShownLetter>("show", "desk", fourteen)).input, { qty: 14 });
  await refused(letters("replay", "desk", fourteen), 1, /^atoll: no process runs .*: a dead letter is sent by a running system/);
  assert.match((await letters("discard", "desk", fourteen)).stdout, /^the letter to shelf\/east\.put of service desk is discarded/);
  await refused(letters("discard", "desk", fourteen), 1, /^atoll: service "desk" has no dead letter /);
  await using second = running();
  assert.equal((await attention(await second.url())).deadLetters, 0);
  assert.deepEqual(await holds(await second.url(), "east"), { qty: 16 });
});

test("atoll deadletters: what is parked is counted from the first moment of the next process on", async () => {
  await writeFile(poison, "");
  await using first = running();
  const url = await first.url();
  await order(url, "west", 13);
  await counted(url, 1);
  assert.equal((await first.stop()).code, 0);
  await using second = running();
  assert.equal((await attention(await second.url())).deadLetters, 1);
  const [letter] = await json<readonly ShownLetter[]>();
  assert(letter);
  assert.match((await letters("discard", "desk", letter.letter)).stdout, /is discarded/);
  assert.equal((await attention(await second.url())).deadLetters, 0);
});
