// A call to every instance of a service, seen from outside: real processes, real signals (E1 to E3).
import assert from "node:assert/strict";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AtollProcess, atoll, systemFile } from "../../test/atoll-process.ts";
import { get, post, ps, until } from "../../test/running-system.ts";

let folder = "";
before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "atoll-every-")));
});
after(() => rm(folder, { recursive: true, force: true }));

interface Sung {
  readonly node: string;
  readonly pid: number;
  readonly holds: number;
  /** Its code; "" where there is an answer. */
  readonly failure: string;
}
const run = (isolation: string, data: string): AtollProcess =>
  new AtollProcess(["run", systemFile("choir"), "--port", "0", "--isolation", isolation, "--data", data]);
/** By name of the node, its process, as far as it has answered. */
const pidsIn = (each: readonly Sung[]): readonly (readonly [string, number | string])[] =>
  each.map(({ node, pid, failure }) => [node, failure === "" ? pid : failure]);
const pidsOf = async (data: string): Promise<readonly (readonly [string, number])[]> =>
  (await ps(data)).filter(({ service }) => service === "singers").map(({ node, pid }) => [node, pid ?? 0]);

test("every: three processes have an entry each, under the name that ps shows; one that is stopped is DEADLINE while the others answer; of one that is killed nobody knows", async () => {
  const data = join(folder, "processes");
  await using running = run("process", data);
  const url = await running.url();
  const look = async (path = "look"): Promise<readonly Sung[]> => (await get(`${url}/${path}`)) as readonly Sung[];
  const ask = async (path: string, withinMs: number): Promise<readonly Sung[]> =>
    (await post(`${url}/${path}`, { withinMs })) as readonly Sung[];
  const scaled = await atoll(["scale", "singers", "3", "--data", data]);
  assert.equal(scaled.code, 0, scaled.stderr);
  const pids = await pidsOf(data);
  assert.deepEqual(
    pids.map(([node]) => node),
    ["singers-1", "singers-2", "singers-3"],
  );
  await until(async () => (await look()).length === 3); // whoever asks hears of them one after the other
  assert.deepEqual(pidsIn(await look()), pids);
  await until(async () => (await look("others")).length === 3);
  assert.deepEqual(pidsIn(await look("others")), pids);

  const [[first, firstPid], [second, secondPid], [third, thirdPid]] = pids as [[string, number], [string, number], [string, number]];
  process.kill(secondPid, "SIGSTOP");
  const late = [
    [first, firstPid],
    [second, "DEADLINE"],
    [third, thirdPid],
  ];
  assert.deepEqual(pidsIn(await ask("release", 1_500)), late);
  process.kill(secondPid, "SIGCONT");
  await until(async () => (await look()).every(({ failure }) => failure === ""));
  await until(async () => (await look()).length === 3);

  const held = ask("hold", 50_000);
  await until(async () => (await look()).every(({ holds }) => holds === 1));
  process.kill(thirdPid, "SIGKILL");
  await until(async () => (await look()).some(({ node, pid }) => node === third && pid !== thirdPid && pid !== 0));
  assert.deepEqual(
    (await look()).map(({ holds }) => holds),
    [1, 1, 0],
    "who has its place was not asked",
  );
  await ask("release", 10_000);
  assert.deepEqual(pidsIn(await held), [
    [first, firstPid],
    [second, secondPid],
    [third, "UNKNOWN_OUTCOME"],
  ]);
  assert.equal((await running.stop()).code, 0);
});

test("every: where all services share one process there is one entry, under the name that ps shows", async () => {
  const data = join(folder, "shared");
  await using running = run("shared", data);
  const url = await running.url();
  const each = (await get(`${url}/look`)) as readonly Sung[];
  await until(async () => (await atoll(["ps", "--data", data])).code === 0);
  assert.deepEqual(pidsIn(each), await pidsOf(data));
  assert.equal((await running.stop()).code, 0);
});
