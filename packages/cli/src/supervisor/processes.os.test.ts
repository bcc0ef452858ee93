// A system in processes of its own, seen from outside: real processes, real signals. None of these tests says how long anything takes,
// only that it comes, and that no request on the way has failed.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AtollProcess, atoll, systemFile, told } from "../../test/atoll-process.ts";
import { HoldServer } from "../../test/hold-server.ts";
import { get, Load, nodeOf as firstNodeOf, post, ps as psOf, until } from "../../test/running-system.ts";
import { isThere, startOf } from "./process-start.ts";
import type { NodeStatus } from "./slot.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-processes-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const dataOf = (name: string): string => join(folder, name);
const ps = (name: string): Promise<readonly NodeStatus[]> => psOf(dataOf(name));
const nodeOf = (name: string, service: string): ReturnType<typeof firstNodeOf> => firstNodeOf(dataOf(name), service);
const trio = (name: string, env: { readonly [name: string]: string } = {}): AtollProcess =>
  new AtollProcess(["run", systemFile("trio"), "--port", "0", "--data", dataOf(name)], { env });

test("processes: each service and the gateway has one, they answer each other, and all end with an orderly stop", async () => {
  await using running = trio("answers");
  const url = await running.url();
  assert.deepEqual(await post(`${url}/purchases`, { item: "a" }), { count: 1 });
  assert.deepEqual(await post(`${url}/purchases`, { item: "a" }), { count: 2 });
  await until(async () => ((await get(`${url}/ledger/a`)) as { readonly count: number }).count === 2);
  const health = (await get(`${url}/health`)) as { readonly status: string; readonly services: readonly { readonly name: string }[] };
  assert.deepEqual([health.status, health.services.map(({ name }) => name).sort()], ["ok", ["gateway", "ledger", "shop", "stock"]]);

  const nodes = await ps("answers");
  assert.deepEqual(
    nodes.map(({ service, node, state, restarts }) => ({ service, node, state, restarts })),
    ["stock", "shop", "ledger", "gateway"].map((service) => ({ service, node: `${service}-1`, state: "running", restarts: 0 })),
  );
  for (const node of nodes) assert.deepEqual(Object.keys(node), ["service", "node", "pid", "state", "restarts", "uptime_ms"]);
  const pids = nodes.map(({ pid }) => pid as number);
  assert.equal(new Set([...pids, running.pid]).size, 5);
  assert.deepEqual(await get(`${url}/pid`), { pid: nodes[1]?.pid });
  assert(nodes.every(({ uptime_ms: upMs }) => Number.isInteger(upMs) && upMs > 0));

  const { code, stderr } = await running.stop();
  assert.equal(code, 0);
  assert.deepEqual(pids.filter(isThere), []);
  const entries = stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly event: string; readonly service?: string; readonly node?: string });
  const stopped = entries.filter(({ event }) => event === "system.stopped").map(({ service, node }) => [service, node].join());
  assert.deepEqual([stopped[0], stopped.slice(1).sort()], ["gateway,gateway-1", ["ledger,ledger-1", "shop,shop-1", "stock,stock-1"]]);
  assert.equal(entries.at(-1)?.event, "supervisor.stopped");
});

test("processes: the gateway shows the metrics of all of them, each line with its node and service; what does not answer is counted, and nobody waits for it", async () => {
  await using running = trio("measured");
  const url = await running.url();
  await post(`${url}/purchases`, { item: "a" });
  const shown = async (): Promise<readonly string[]> => (await (await fetch(`${url}/metrics`)).text()).split("\n");
  const lines = await shown();
  assert.equal(lines.at(-1), "");
  const families = lines.flatMap((line) => /^# TYPE (\S+) /.exec(line)?.[1] ?? []);
  assert.equal(new Set(families).size, families.length, "each family once");
  assert.deepEqual(families, families.toSorted());
  const samples = lines.slice(0, -1).filter((line) => !line.startsWith("#"));
  const origin = /^[a-z_]+\{node="([a-z]+)-1",service="\1"[,}]/;
  assert.deepEqual(
    samples.filter((line) => !origin.test(line)),
    [],
  );
  const memoryOf = (all: readonly string[]): readonly string[] =>
    all.flatMap((line) => /^process_resident_memory_bytes\{node="([a-z]+)-1",service="\1"\} \d+$/.exec(line)?.[1] ?? []).sort();
  assert.deepEqual(memoryOf(samples), ["gateway", "ledger", "shop", "stock"]);
  assert(samples.includes('atoll_nodes_silent{node="gateway-1",service="gateway"} 0'));

  const { pid } = await nodeOf("measured", "stock");
  process.kill(pid, "SIGSTOP");
  const without = await Promise.all([shown(), shown()]);
  if (isThere(pid)) process.kill(pid, "SIGCONT");
  for (const some of without) {
    assert.deepEqual(memoryOf(some), ["gateway", "ledger", "shop"]);
    assert(some.includes('atoll_nodes_silent{node="gateway-1",service="gateway"} 1'));
  }
  await until(async () => memoryOf(await shown()).includes("stock"));
  assert.equal((await running.stop()).code, 0);
});

test("processes: SIGKILL of a service, and no request fails: what it had acknowledged is there, what is asked meanwhile waits for the next", async () => {
  await using running = trio("killed");
  const url = await running.url();
  const load = new Load(4, (n) => (n % 2 === 0 ? post(`${url}/purchases`, { item: "a" }) : post(`${url}/items/a`)));
  for (let kill = 1; kill <= 3; kill++) {
    const { pid } = await nodeOf("killed", "stock");
    process.kill(pid, "SIGKILL");
    await until(() => !isThere(pid));
    const known = load.sent;
    await load.reaches(known + 8); // more than can have waited: so it answers
    const again = await nodeOf("killed", "stock");
    assert.deepEqual([again.restarts, again.state], [kill, "running"]);
  }
  const sent = await load.end();
  assert.deepEqual(await get(`${url}/items/a`), { count: sent }, "each applied exactly once");
  await until(async () => ((await get(`${url}/ledger/a`)) as { readonly count: number }).count === sent);
  assert.equal((await running.stop()).code, 0);
});

test("processes: a restart under load fails no request; `wait` sees it; the gateway comes back where it was", async () => {
  await using running = trio("restarted");
  const url = await running.url();
  const load = new Load(2, () => post(`${url}/items/a`));
  const old = await nodeOf("restarted", "stock");
  const restarted = await atoll(["restart", "stock", "--rolling", "--json", "--data", dataOf("restarted")]);
  assert.equal(restarted.code, 0, restarted.stderr);
  const [now] = JSON.parse(restarted.stdout) as readonly NodeStatus[];
  assert.deepEqual([now?.state, now?.restarts, now?.pid === old.pid], ["running", 1, false]);
  const sent = await load.end();
  assert.deepEqual(await get(`${url}/items/a`), { count: sent });
  assert.equal((await atoll(["restart", "gateway", "--data", dataOf("restarted")])).code, 0);
  assert.equal((await atoll(["wait", "gateway", "--state", "running", "--data", dataOf("restarted")])).code, 0);
  assert.deepEqual(await get(`${url}/items/a`), { count: sent });

  const late = await atoll(["wait", "stock", "--state", "failed", "--within", "1ms", "--data", dataOf("restarted")]);
  assert.deepEqual([late.code, told(late)], [1, 'atoll: service "stock" is running, and not failed, after 1ms\n']);
  const unknown = await atoll(["restart", "stick", "--data", dataOf("restarted")]);
  assert.deepEqual(
    [unknown.code, told(unknown)],
    [1, 'atoll: there is no service "stick" here; there are: stock, shop, ledger, gateway\n'],
  );
  const stop = await atoll(["stop", "--data", dataOf("restarted")]);
  assert.deepEqual([stop.code, stop.stderr], [0, ""]);
  assert.equal((await running.ended).code, 0);
});

test("processes: SIGTERM to the process of a service ends it in order, and another takes its place", async () => {
  await using running = trio("asked");
  await running.url();
  const { pid } = await nodeOf("asked", "stock");
  process.kill(pid, "SIGTERM");
  await until(() => !isThere(pid));
  assert.equal((await atoll(["wait", "stock", "--state", "running", "--data", dataOf("asked")])).code, 0);
  const { stderr } = await running.stop();
  assert.match(stderr, /"event":"system.stopped","service":"stock"/);
});

test("processes: SIGTERM to all of them, as a service manager sends it, stops the system in order, and nothing is started on the way", async () => {
  await using running = trio("all");
  await running.url();
  for (const { pid } of await ps("all")) process.kill(pid as number, "SIGTERM");
  const { code, stderr } = await running.stop();
  assert.equal(code, 0);
  assert.equal(stderr.match(/"event":"service.started","service":"stock"/g)?.length, 1);
  assert.equal(/"event":"system.stopped","service":"([a-z]+)"/.exec(stderr)?.[1], "gateway");
});

test("processes: SIGKILL of the supervisor ends every process of the system, also those that are still loading, and one that is stopped", async () => {
  await using running = trio("headless");
  let pids: readonly number[] = [];
  await until(async () => {
    const asked = await atoll(["ps", "--json", "--data", dataOf("headless")]);
    pids = asked.code === 0 ? (JSON.parse(asked.stdout) as readonly NodeStatus[]).flatMap(({ pid }) => pid ?? []) : [];
    return pids.length === 4;
  });
  process.kill(pids[0] as number, "SIGSTOP");
  running.kill("SIGKILL");
  await until(() => !pids.some(isThere));
});

test("processes: what a supervisor that was killed has left is ended by the next one; what has its pid by chance is not", async () => {
  await using first = trio("orphans");
  const url = await first.url();
  assert.deepEqual(await post(`${url}/items/a`), { count: 1 });
  first.kill("SIGKILL");
  await first.ended;
  const idle = (): ChildProcess => spawn(process.execPath, ["--eval", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  const [left, bystander] = [idle(), idle()];
  try {
    const file = join(dataOf("orphans"), "processes.json");
    const recorded = JSON.parse(await readFile(file, "utf8")) as readonly { readonly pid: number; readonly started: string }[];
    const orphan = { pid: left.pid, started: startOf(left.pid as number) };
    const stranger = { pid: bystander.pid, started: recorded[0]?.started };
    await writeFile(file, JSON.stringify([...recorded, orphan, stranger]));
    await using second = trio("orphans");
    assert.deepEqual(await post(`${await second.url()}/items/a`), { count: 2 });
    await until(() => left.signalCode === "SIGKILL");
    assert.equal(bystander.exitCode ?? bystander.signalCode, null);
    assert.match((await second.stop()).stderr, new RegExp(`"event":"supervisor.orphans_ended","pids":\\[${left.pid}\\]`));
  } finally {
    bystander.kill("SIGKILL");
    left.kill("SIGKILL");
    for (const child of [bystander, left]) if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
});

test("processes: a second supervisor on the same data directory is refused with the first one's pid, and harms nobody", async () => {
  await using first = trio("twice");
  const url = await first.url();
  await using second = trio("twice");
  const ended = await second.ended;
  assert.equal(ended.code, 1);
  assert.match(told(ended), new RegExp(`^atoll: Another process uses this data directory .* held by pid ${first.pid}, `));
  assert.deepEqual(await post(`${url}/purchases`, { item: "a" }), { count: 1 });
  assert((await ps("twice")).every(({ restarts }) => restarts === 0));
  assert.equal((await first.stop()).code, 0);
});

test("processes: a service that cannot come up again has failed, with the reason, the others go on, and a restart gives it another chance", async () => {
  const crash = join(folder, "crash");
  await using running = trio("failed", { ATOLL_TEST_CRASH: crash });
  const url = await running.url();
  await writeFile(crash, "");
  process.kill((await nodeOf("failed", "ledger")).pid, "SIGKILL");
  const waited = await atoll(["wait", "ledger", "--state", "failed", "--within", "2m", "--json", "--data", dataOf("failed")]);
  assert.equal(waited.code, 0, waited.stderr);
  const [failed] = JSON.parse(waited.stdout) as readonly NodeStatus[];
  assert.deepEqual([failed?.pid, failed?.state], [null, "failed"]);
  assert.match(failed?.reason ?? "", /it has ended 11 times within 60 s, .* the last time: it ended with exit code 7$/);

  const lost = await fetch(`${url}/ledger/a`);
  assert.equal(lost.status, 503);
  assert.deepEqual(await post(`${url}/purchases`, { item: "a" }), { count: 1 });
  const health = await fetch(`${url}/health`);
  assert.equal(health.status, 503);
  const listed = await atoll(["deadletters", "--json", "--data", dataOf("failed")]);
  assert.deepEqual([listed.code, listed.stdout.trim()], [0, "[]"]);
  assert.match(listed.stderr, /^atoll: this list is not whole: service "ledger" has failed: it has ended 11 times/);

  await rm(crash);
  assert.equal((await atoll(["restart", "ledger", "--data", dataOf("failed")])).code, 0);
  await until(async () => ((await get(`${url}/ledger/a`)) as { readonly count: number }).count === 1);
  assert.match((await running.stop()).stderr, /"event":"node.failed","service":"ledger","node":"ledger-1","reason":"it has ended 11 times/);
});

test("processes: one that cannot come up at the first start ends the command with its reason, and the others with it", async () => {
  await using hold = await HoldServer.open();
  const port = new URL(hold.url).port;
  const args = ["run", systemFile("trio"), "--data", dataOf("taken"), "--port", port];
  const taken = await atoll(args);
  assert.deepEqual([taken.code, taken.stdout], [1, ""]);
  assert.match(
    told(taken),
    new RegExp(`^atoll: The port is taken: another process listens on port ${port} of 127\\.0\\.0\\.1\\. .*--port\\.\\n$`),
  );
  assert.match(taken.stderr, /"event":"system.stopped","service":"stock"/);
  const wrong = await atoll(["run", systemFile("trio"), "--isolation", "threads"]);
  assert.deepEqual([wrong.code, told(wrong)], [2, 'atoll: --isolation is process or shared, not "threads"\n']);
});

test("processes: what operators ask of one process they are told by many", async () => {
  const data = dataOf("brittle");
  const args = ["run", systemFile("brittle"), "--port", "0", "--data", data];
  await using running = new AtollProcess(args, { env: { ATOLL_TEST_BANK: "down" } });
  const url = await running.url();
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await fetch(`${url}/purchases`, { method: "POST" })).status);
  assert.deepEqual(statuses, [504, 503, 503]);
  const listed = await atoll(["breakers", "--json", "--data", data]);
  const [breaker, ...more] = JSON.parse(listed.stdout) as readonly { readonly service: string; readonly state: string }[];
  assert.deepEqual([breaker?.service, breaker?.state, more], ["shop", "open", []]);
  assert.equal((await atoll(["breakers", "close", "shop", "bank", "--data", data])).code, 0);
  for (const [verbs, empty] of [
    [["quarantine"], "[]"],
    [["read-models"], "[]"],
    [["read-models", "parked"], "[]"],
    [["sagas"], "[]"],
    [["apologies"], "[]"],
    [["deadletters"], "[]"],
  ] as const) {
    const { code, stdout, stderr } = await atoll([...verbs, "--json", "--data", data]);
    assert.deepEqual([code, stdout.trim(), stderr], [0, empty, ""], verbs.join(" "));
  }
  const unknown = await atoll(["quarantine", "release", "bunk", "a", "--data", data]);
  assert.deepEqual([unknown.code, told(unknown)], [1, 'atoll: there is no service "bunk" here; there are: bank, shop, gateway\n']);
  assert.equal((await running.stop()).code, 0);
});

test("one process: `ps` shows it for every service, `restart` is refused, `stop` stops it in order", async () => {
  const data = dataOf("shared");
  await using running = new AtollProcess(["run", systemFile("trio"), "--isolation", "shared", "--port", "0", "--data", data]);
  await running.url();
  await until(async () => (await atoll(["ps", "--data", data])).code === 0);
  const nodes = await ps("shared");
  assert.deepEqual(new Set(nodes.map(({ pid }) => pid)), new Set([running.pid]));
  assert(nodes.some(({ service, state }) => service === "stock" && state === "running"));
  assert.equal((await atoll(["restart", "stock", "--data", data])).code, 1);
  assert.equal((await atoll(["stop", "--data", data])).code, 0);
  assert.equal((await running.ended).code, 0);
});
