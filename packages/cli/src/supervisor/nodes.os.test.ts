// Several nodes of a service, seen from outside: real processes, real signals, real load. What is asked for is answered, whatever is
// done to the nodes on the way.
import assert from "node:assert/strict";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AtollProcess, atoll, systemFile, told } from "../../test/atoll-process.ts";
import { get, Load, post, ps, until } from "../../test/running-system.ts";
import { askRunning } from "../control-client.ts";
import type { NodeRates } from "../rates.ts";
import { isThere } from "./process-start.ts";
import type { PartitionRow, ServiceStatus } from "./process-verbs.ts";
import type { NodeStatus } from "./slot.ts";

let folder = "";
before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "atoll-nodes-")));
});
after(() => rm(folder, { recursive: true, force: true }));

const dataOf = (name: string): string => join(folder, name);
const run = (system: string, name: string): AtollProcess =>
  new AtollProcess(["run", systemFile(system), "--port", "0", "--isolation", "process", "--data", dataOf(name)]);

async function ask<T>(name: string, verb: Parameters<typeof askRunning>[1], input?: unknown): Promise<T> {
  const asked = await askRunning(dataOf(name), verb, input, 60_000);
  assert(asked.kind === "answered");
  return asked.value as T;
}
const rows = (nodes: readonly NodeStatus[]): readonly string[] => nodes.map(({ node, state, restarts }) => `${node} ${state} ${restarts}`);
const pidOf = (nodes: readonly NodeStatus[], node: string): number => nodes.find((one) => one.node === node)?.pid ?? 0;

const counts = (owned: { readonly [node: string]: number }): readonly number[] => Object.values(owned).toSorted((a, b) => a - b);

interface Answer {
  readonly pid: number;
}

test("nodes: a service and its gateway go from one node to three and back under load, and no request fails", async () => {
  await using running = run("crowd", "scaled");
  const url = await running.url();
  const data = dataOf("scaled");
  const pids = new Set<number>();
  const load = new Load(6, async (n) => pids.add(((await post(`${url}/work`, { forMs: n % 5 })) as Answer).pid));
  const scaled = await atoll(["scale", "clerks", "3", "--json", "--data", data]);
  assert.equal(scaled.code, 0, scaled.stderr);
  assert.deepEqual(rows(JSON.parse(scaled.stdout) as readonly NodeStatus[]), [
    "clerks-1 running 0",
    "clerks-2 running 0",
    "clerks-3 running 0",
  ]);
  pids.clear();
  await until(() => pids.size === 3);
  await ask("scaled", "POST /scale", { service: "gateway", nodes: 3 });
  const [clerks, gateway] = await ask<readonly ServiceStatus[]>("scaled", "GET /services");
  assert.deepEqual(
    [clerks, gateway],
    [
      { service: "clerks", state: "running", nodes: 3, running: 3, host: null, partitions: 0, restarts: 0 },
      { service: "gateway", state: "running", nodes: 3, running: 3, host: null, partitions: 0, restarts: 0 },
    ],
  );
  await load.reaches(load.sent + 200);
  const top = await atoll(["top", "--json", "--data", data]);
  const rates = JSON.parse(top.stdout) as readonly NodeRates[];
  assert.equal(rates.length, 6);
  assert(rates.every(({ taken_per_s: taken, memory_bytes: bytes }) => taken !== null && bytes !== null && bytes > 1e6));
  assert(rates.reduce((sum, { taken_per_s: taken }) => sum + (taken ?? 0), 0) > 0);

  const many = await ps(data);
  await ask("scaled", "POST /scale", { service: "gateway", nodes: 1 });
  const back = await ask<readonly NodeStatus[]>("scaled", "POST /scale", { service: "clerks", nodes: 1 });
  assert.deepEqual(rows(back), ["clerks-1 running 0"]);
  assert.deepEqual(rows(await ps(data)), ["clerks-1 running 0", "gateway-1 running 0"]);
  assert(!many.some(({ node, pid }) => node.endsWith("3") && isThere(pid ?? 0)));
  await load.reaches(load.sent + 50);
  await load.end();
  const { code, stderr } = await running.stop();
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /"event":"node.killed"/);
});

test("nodes: a rolling restart starts each process ahead, of services and of the gateway, and no request fails", async () => {
  await using running = run("crowd", "rolled");
  const url = await running.url();
  const data = dataOf("rolled");
  const load = new Load(6, async (n) => await post(`${url}/work`, { forMs: n % 5 }));
  for (const service of ["clerks", "gateway"]) {
    const old = (await ps(data)).find((node) => node.service === service);
    const seen: (readonly string[])[] = [];
    const rolling = ask<readonly NodeStatus[]>("rolled", "POST /restart", { service, rolling: true });
    let done = false;
    void rolling.finally(() => (done = true));
    await until(async () => {
      seen.push(rows((await ask<readonly NodeStatus[]>("rolled", "GET /ps")).filter((node) => node.service === service)));
      return done;
    });
    const now = await rolling;
    assert.deepEqual([rows(now), now[0]?.pid === old?.pid], [[`${service}-1 running 1`], false]);
    const both = `${service}-1 running 0,${service}-1 starting 1`;
    assert(
      seen.some((one) => one.join() === both),
      `both are seen meanwhile: ${seen.join(" | ")}`,
    );
    await load.reaches(load.sent + 50);
  }
  await load.end();
  const { code, stderr } = await running.stop();
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /"event":"node.killed"/);
});

test("nodes: one of two that is stopped is silent, the other has its work, and it is back when it is continued", async () => {
  await using running = run("crowd", "silent");
  const url = await running.url();
  const nodes = await ask<readonly NodeStatus[]>("silent", "POST /scale", { service: "clerks", nodes: 2 });
  const stopped = pidOf(nodes, "clerks-2");
  const pids = new Set<number>();
  const load = new Load(4, async () => pids.add(((await get(`${url}/who`)) as Answer).pid));
  process.kill(stopped, "SIGSTOP");
  const reason = async (): Promise<string | undefined> =>
    (await ask<readonly NodeStatus[]>("silent", "GET /ps")).find(({ node }) => node === "clerks-2")?.reason;
  await until(async () => (await reason()) !== undefined);
  await load.reaches(load.sent + 8);
  pids.clear();
  await load.reaches(load.sent + 50);
  assert.deepEqual([...pids], [pidOf(nodes, "clerks-1")]);
  process.kill(stopped, "SIGCONT");
  await until(async () => (await reason()) === undefined);
  await until(() => pids.has(stopped));
  await load.end();
  assert.deepEqual(rows(await ps(dataOf("silent"))), ["clerks-1 running 0", "clerks-2 running 0", "gateway-1 running 0"]);

  // Follows what happens to the only one, which is killed when it is silent.
  const following = new AtollProcess(["logs", "clerks", "--follow", "--lines", "500", "--data", dataOf("silent")]);
  await ask("silent", "POST /scale", { service: "clerks", nodes: 1 });
  await following.prints(/"event":"node.stopped","service":"clerks","node":"clerks-2"/);
  process.kill(pidOf(nodes, "clerks-1"), "SIGSTOP");
  assert.notEqual(((await get(`${url}/who`)) as Answer).pid, pidOf(nodes, "clerks-1"));
  await following.prints(/"event":"node.silent",.*\n(.*\n)*.*"event":"node.killed",.*"reason":"it is silent, and nobody can do its work/);
  assert.deepEqual(rows(await ps(dataOf("silent"))), ["clerks-1 running 1", "gateway-1 running 0"]);
  assert.equal((await running.stop()).code, 0);
  const { code, stdout } = await following.ended;
  assert.equal(code, 0);
  for (const line of stdout.trimEnd().split("\n")) assert.equal((JSON.parse(line) as { readonly service: string }).service, "clerks");
});

test("nodes: one that is drained stays stopped until restart or scale; the last one that runs is not drained", async () => {
  await using running = run("crowd", "drained");
  await running.url();
  const data = dataOf("drained");
  const last = await atoll(["drain", "clerks-1", "--data", data]);
  assert.deepEqual(
    [last.code, told(last)],
    [
      1,
      'atoll: node "clerks-1" is the only one of service "clerks" that runs: scale it up first (`atoll scale clerks 2`), or end the system (`atoll stop`)\n',
    ],
  );
  await ask("drained", "POST /scale", { service: "clerks", nodes: 2 });
  const drained = await atoll(["drain", "clerks-1", "--json", "--data", data]);
  assert.equal(drained.code, 0, drained.stderr);
  assert.deepEqual(rows(JSON.parse(drained.stdout) as readonly NodeStatus[]), ["clerks-1 stopped 0", "clerks-2 running 0"]);
  assert.deepEqual(rows(await ask("drained", "POST /restart", { service: "clerks" })), ["clerks-1 running 1", "clerks-2 running 1"]);
  await ask("drained", "POST /drain", { node: "clerks-2" });
  assert.deepEqual(rows(await ask("drained", "POST /scale", { service: "clerks", nodes: 3 })), [
    "clerks-1 running 1",
    "clerks-2 running 0",
    "clerks-3 running 0",
  ]);
  assert.equal((await running.stop()).code, 0);
});

test("nodes: a service with a log is shared by its nodes, moves, rolls and survives kills and stops under load; nothing fails, nothing is applied twice", async () => {
  const data = dataOf("owned");
  await using running = run("trio", "owned");
  const url = await running.url();
  const owners = async (): Promise<{ readonly [node: string]: number }> => {
    const owned: Record<string, number> = {};
    for (const { node, state } of await ask<readonly PartitionRow[]>("owned", "POST /partitions", { service: "stock" }))
      if (state === "held") owned[node ?? ""] = (owned[node ?? ""] ?? 0) + 1;
    return owned;
  };
  // Each client has items of its own, and knows what the next answer must be.
  const taken = new Map<string, number>();
  const items = Array.from({ length: 6 }, (_, client) => Array.from({ length: 8 }, (__, i) => `item-${client}-${i}`));
  let client = 0;
  const load = new Load(6, async (n) => {
    const own = items[n <= 6 ? client++ : n % 6] ?? [];
    const free = own.find((item) => !taken.has(`busy ${item}`));
    if (free === undefined) return;
    taken.set(`busy ${free}`, 1);
    const { count } = (await post(`${url}/items/${free}`)) as { readonly count: number };
    assert.equal(count, (taken.get(free) ?? 0) + 1, free);
    taken.set(free, count);
    taken.delete(`busy ${free}`);
    own.push(own.shift() as string);
  });
  await ask("owned", "POST /scale", { service: "stock", nodes: 3 });
  assert.deepEqual(counts(await owners()), [5, 5, 6]);

  const moved = await atoll(["move", "stock", "0", "stock-3", "--json", "--data", data]);
  assert.equal(moved.code, 0, moved.stderr);
  const [row] = JSON.parse(moved.stdout) as readonly PartitionRow[];
  assert.deepEqual([row?.service, row?.partition, row?.node, row?.state], ["stock", 0, "stock-3", "held"]);
  for (const [input, sentence] of [
    [{ service: "stock", partition: 16, node: "stock-1" }, 'service "stock" has the partitions 0 to 15, and no 16'],
    [{ service: "stock", partition: 0, node: "gateway-1" }, 'service "stock" has no node "gateway-1"; it has: stock-1, stock-2, stock-3'],
  ] as const)
    await assert.rejects(ask("owned", "POST /move", input), { message: sentence });

  // The host goes with the others' knowledge: what it had is with them before it ends.
  await ask("owned", "POST /drain", { node: "stock-1" });
  assert.deepEqual(counts(await owners()), [8, 8]);
  const hostOf = async (): Promise<string> => (await ask<readonly ServiceStatus[]>("owned", "GET /services"))[0]?.host ?? "";
  assert.notEqual(await hostOf(), "stock-1");
  await assert.rejects(
    ask("owned", "POST /move", { service: "stock", partition: 0, node: "stock-1" }),
    /"stock-1" is not running, but stopped/,
  );
  await ask("owned", "POST /restart", { service: "stock", rolling: true });
  assert.deepEqual(counts(await owners()), [5, 5, 6]);

  const killed = pidOf(await ps(data), "stock-3");
  process.kill(killed, "SIGKILL");
  await until(async () => pidOf(await ask("owned", "GET /ps"), "stock-3") !== killed && counts(await owners()).join() === "5,5,6");

  // A host that is silent is killed; another one is only silent, and gives up what it had.
  const host = await hostOf();
  const hostPid = pidOf(await ps(data), host);
  process.kill(hostPid, "SIGSTOP");
  await until(async () => !isThere(hostPid) && counts(await owners()).join() === "5,5,6");
  const nextHost = await hostOf();
  assert.notEqual(nextHost, host);
  const other = (await ps(data)).find(({ node }) => node.startsWith("stock") && node !== nextHost);
  process.kill(other?.pid ?? 0, "SIGSTOP");
  await until(async () => counts(await owners()).join() === "8,8");
  const known = new Map(taken);
  process.kill(other?.pid ?? 0, "SIGCONT");
  for (const [item, count] of known) {
    if (item.startsWith("busy")) continue;
    const { count: read } = (await get(`${url}/items/${item}`)) as { readonly count: number };
    assert(read >= count, `${item}: what was answered before the zombie went on is seen after it`);
  }
  await until(async () => counts(await owners()).join() === "5,5,6");
  assert.equal(pidOf(await ps(data), other?.node ?? ""), other?.pid, "it was only silent");
  await ask("owned", "POST /scale", { service: "stock", nodes: 1 });
  assert.deepEqual(await owners(), { "stock-1": 16 });
  assert((await load.end()) > 0);
  const sum = [...taken].reduce((all, [item, count]) => (item.startsWith("busy") ? all : all + count), 0);
  let noted = 0;
  await until(async () => {
    noted = 0;
    for (const item of taken.keys())
      if (!item.startsWith("busy")) noted += ((await get(`${url}/ledger/${item}`)) as { readonly count: number }).count;
    return noted >= sum;
  });
  assert.equal(noted, sum, "whoever follows the topic has heard of each once");
  assert.equal((await running.stop()).code, 0);
});

test("nodes: what cannot be done is refused with a sentence, and harms nobody", async () => {
  await using running = run("trio", "refused");
  const url = await running.url();
  const data = dataOf("refused");
  const noService = 'there is no service "x" here; there are: stock, shop, ledger, gateway';
  for (const [words, sentence] of [
    [["scale", "x", "2"], noService],
    [["scale", "shop", "0"], "a service has 1 to 32 nodes, not 0"],
    [["scale", "shop", "33"], "a service has 1 to 32 nodes, not 33"],
    [["move", "shop", "0", "shop-1"], 'service "shop" has no log, and so no partitions'],
    [["drain", "shop-9"], 'there is no node "shop-9" here; there are: stock-1, shop-1, ledger-1, gateway-1'],
    [["logs", "shop", "--lines", "501"], "0 to 500 lines are kept of a node, not 501"],
  ] as const) {
    const refused = await atoll([...words, "--data", data]);
    assert.deepEqual([refused.code, told(refused)], [1, `atoll: ${sentence}\n`], words.join(" "));
  }
  for (const words of [
    ["scale", "shop", "-1"],
    ["scale", "shop", "1e1"],
    ["scale", "shop"],
    ["move", "stock", "x", "stock-1"],
    ["logs", "--lines", "all"],
    ["drain"],
  ]) {
    assert.equal((await atoll([...words, "--data", data])).code, 2, words.join(" "));
  }
  // What the command line would not send.
  for (const verb of ["POST /scale", "POST /move", "POST /drain", "POST /restart", "POST /logs"] as const) {
    for (const input of [
      null,
      1,
      "x",
      [],
      {},
      { service: 1 },
      { service: "__proto__" },
      { service: "shop", nodes: "2", node: {}, partition: -1 },
    ]) {
      if (verb === "POST /restart" && input !== null && typeof input === "object" && "nodes" in input) continue; // which names a service
      await assert.rejects(askRunning(data, verb, input), { name: "CommandError" }, `${verb} ${JSON.stringify(input)}`);
    }
  }
  await assert.rejects(askRunning(data, "POST /partitions", { service: "x" }), { message: noService });
  assert.deepEqual(rows(await ps(data)), ["stock-1 running 0", "shop-1 running 0", "ledger-1 running 0", "gateway-1 running 0"]);
  assert.deepEqual(await post(`${url}/purchases`, { item: "a" }), { count: 1 });
  assert.equal((await running.stop()).code, 0);
});

test("one process: what needs several says so", async () => {
  const data = dataOf("shared");
  await using running = new AtollProcess(["run", systemFile("crowd"), "--isolation", "shared", "--port", "0", "--data", data]);
  await running.url();
  await until(async () => (await atoll(["ps", "--data", data])).code === 0);
  for (const words of [["services"], ["partitions"], ["scale", "clerks", "2"], ["drain", "clerks-1"], ["logs"], ["top"]]) {
    const refused = await atoll([...words, "--data", data]);
    assert.deepEqual(
      [refused.code, told(refused)],
      [1, "atoll: this system runs in one process, without nodes: for this it has to run with `--isolation process`\n"],
      words.join(" "),
    );
  }
  assert.equal((await running.stop()).code, 0);
});
