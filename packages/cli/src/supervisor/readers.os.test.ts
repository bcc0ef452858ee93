// A read model of a service with several nodes, seen from outside: all of them answer from the tables that one projects, and whatever
// becomes of that one, no answer shows less than its caller has seen.
import assert from "node:assert/strict";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AtollProcess, atoll, systemFile } from "../../test/atoll-process.ts";
import { Load, post, ps, until } from "../../test/running-system.ts";
import { askRunning } from "../control-client.ts";
import type { ServiceStatus } from "./process-verbs.ts";

let data = "";
before(async () => {
  data = await realpath(await mkdtemp(join(tmpdir(), "atoll-readers-")));
});
after(() => rm(data, { recursive: true, force: true }));

interface Looked {
  readonly count: number;
  readonly by: number;
  /** Whose handler has asked, where one did. */
  readonly at: number;
}

test("readers: every node answers from the read model, through rebuilds, the death of its projector and a rolling restart; no request fails or shows less than before", async () => {
  await using running = new AtollProcess(["run", systemFile("desks"), "--port", "0", "--isolation", "process", "--data", data]);
  const url = await running.url();
  await askRunning(data, "POST /scale", { service: "desks", nodes: 3 }, 60_000);
  const keys = Array.from({ length: 8 }, (_, i) => `k${i}`);
  const least = new Map<string, number>();
  /** Processes that have answered a query of their own handlers themselves, and those that have answered the gateway. */
  const themselves = new Set<number>();
  const others = new Set<number>();
  const load = new Load(6, async (n) => {
    const key = keys[Math.floor(n / 4) % keys.length] as string; // each is written and read
    if (n % 4 === 0) return await post(`${url}/tallies/${key}`);
    if (n % 4 === 1) {
      const { counted, shown } = (await post(`${url}/compare`, { key })) as { readonly counted: number; readonly shown: number };
      assert(shown >= counted, `${key}: ${shown} are shown, and ${counted} were seen`);
      return shown;
    }
    const atLeast = least.get(key) ?? 0;
    const where = n % 4 === 2 ? "look" : "sums";
    const { count, by, at } = (await post(`${url}/${where}`, { key })) as Looked;
    assert(count >= atLeast, `${where} ${key}: ${count} after ${atLeast}`);
    least.set(key, Math.max(count, least.get(key) ?? 0));
    if (where === "sums") others.add(by);
    else if (by === at) themselves.add(by);
    return count;
  });
  const nodes = async (): Promise<readonly number[]> =>
    (await ps(data)).flatMap(({ service, state, pid }) => (service === "desks" && state === "running" && pid !== null ? [pid] : []));
  const allAnswer = async (): Promise<void> => {
    themselves.clear();
    others.clear();
    await until(async () => {
      const pids = await nodes();
      return pids.length === 3 && pids.every((pid) => themselves.has(pid) && others.has(pid));
    });
  };
  await allAnswer();
  for (let i = 0; i < 2; i++) {
    const rebuilt = await atoll(["read-models", "rebuild", "desks", "sums", "--data", data]);
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
    await load.reaches(load.sent + 100);
  }
  await allAnswer();
  const asked = await askRunning(data, "GET /services", undefined, 60_000);
  assert(asked.kind === "answered");
  const host = (asked.value as readonly ServiceStatus[])[0]?.host;
  const pid = (await ps(data)).find(({ node }) => node === host)?.pid ?? 0;
  process.kill(pid, "SIGKILL");
  await load.reaches(load.sent + 100);
  await allAnswer();
  assert(!themselves.has(pid) && !others.has(pid));
  await askRunning(data, "POST /restart", { service: "desks", rolling: true }, 60_000);
  await load.reaches(load.sent + 100);
  await allAnswer();
  await load.end();
  assert(keys.every((key) => (least.get(key) ?? 0) > 0));
  assert.equal((await running.stop()).code, 0);
});
