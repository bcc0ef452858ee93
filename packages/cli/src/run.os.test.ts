// `atoll run` as its user sees it: the start, why there may be none, and the end.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { AtollProcess, atoll, exampleHello, systemFile, told, type AtollOptions } from "../test/atoll-process.ts";
import { HoldServer } from "../test/hold-server.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-run-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const runHello = (data: string, ...more: readonly string[]): readonly string[] => [
  "run",
  exampleHello,
  "--port",
  "0",
  "--data",
  join(folder, data),
  ...more,
];

async function add(url: string, counter: string, by: number): Promise<unknown> {
  const response = await fetch(`${url}/counters/${counter}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ by }),
  });
  return response.json();
}

/** The default, and what it is called. */
const isolations = [
  { how: "process", flags: [] },
  { how: "shared", flags: ["--isolation", "shared"] },
] as const;

/** Makes a data directory with something in it. */
async function used(data: string): Promise<void> {
  await using running = new AtollProcess(runHello(data));
  assert.deepEqual(await add(await running.url(), "a", 2), { total: 2 });
  assert.equal((await running.stop()).code, 0);
}

for (const { how, flags } of isolations) {
  test(`atoll run (${how}): says where to look, serves that, keeps its data where it says, and ends with 0`, async () => {
    const cwd = join(folder, `cwd-${how}`);
    await mkdir(cwd);
    await using running = new AtollProcess(["run", exampleHello, "--port", "0", ...flags], { cwd });
    const url = await running.url();
    const paths = ["/docs", "/openapi.json", "/health", "/metrics"];
    for (const path of paths) await running.prints(new RegExp(`${url}${path}\\n`));
    const statuses = await Promise.all(paths.map(async (path) => (await fetch(url + path)).status));
    assert.deepEqual(statuses, [200, 200, 200, 200]);
    await running.prints(/data +\.atoll\/hello\n/);
    assert(existsSync(join(cwd, ".atoll/hello/counter/log.db")));
    const { code, stderr } = await running.stop();
    assert.equal(code, 0);
    const events = stderr
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { readonly event: string }).event);
    assert.deepEqual(
      [events.includes("system.started"), events.at(-1)],
      [true, how === "process" ? "supervisor.stopped" : "system.stopped"],
    );
  });
}

test("atoll run: PORT of the environment is the port when there is no --port", async () => {
  const ended = await atoll(["run", exampleHello], { env: { PORT: "eighty" } });
  assert.deepEqual(
    [ended.code, told(ended)],
    [2, 'atoll: PORT of the environment is a whole number from 0 (any free port) to 65535, not "eighty"\n'],
  );
});

test("atoll run: a system without gateway, in a file without packages, runs and says that nobody reaches it", async () => {
  const file = join(folder, "silent.js");
  await writeFile(file, 'export const silent = { kind: "system", name: "silent", services: [], gateway: undefined };\n');
  await using running = new AtollProcess(["run", file, "--data", join(folder, "silent")]);
  await running.prints(/^silent is running: nothing/);
  await running.prints(/gateway +none/);
  assert.equal((await running.stop()).code, 0);
});

for (const { how, flags } of isolations) {
  test(`atoll run (${how}): what was accepted before SIGTERM is answered before the end`, async () => {
    await using hold = await HoldServer.open();
    await using running = new AtollProcess(["run", systemFile("waiting"), "--port", "0", "--data", join(folder, `held-${how}`), ...flags], {
      env: { HOLD_URL: hold.url },
    });
    const answer = fetch(`${await running.url()}/answer`, { method: "POST" });
    await hold.arrived;
    running.kill("SIGTERM");
    running.kill("SIGTERM"); // as npm hands on what the terminal sent to both
    await running.prints(/^stopping: .*\n/m);
    hold.release();
    const response = await answer;
    assert.deepEqual([response.status, await response.json()], [200, { status: 200 }]);
    assert.equal((await running.ended).code, 0);
  });

  test(`atoll run (${how}): a second signal ends it at once, with the exit code of the signal`, async () => {
    for (const [first, second, code] of [
      ["SIGTERM", "SIGINT", 130],
      ["SIGINT", "SIGTERM", 143],
    ] as const) {
      await using hold = await HoldServer.open();
      await using running = new AtollProcess(
        ["run", systemFile("waiting"), "--port", "0", "--data", join(folder, `${second}-${how}`), ...flags],
        {
          env: { HOLD_URL: hold.url },
        },
      );
      const answer = fetch(`${await running.url()}/answer`, { method: "POST" }).catch(() => "cut off");
      await hold.arrived;
      running.kill(first);
      await running.prints(/^stopping: .*\n/m);
      running.kill(second);
      assert.equal((await running.ended).code, code);
      assert.equal(await answer, "cut off");
    }
  });

  test(`atoll run (${how}): asked to stop while it starts, it stops in order once it has started`, async () => {
    await using hold = await HoldServer.open();
    const options: AtollOptions = { env: { HOLD_URL: hold.url, ATOLL_TEST_SEED: "on" } };
    await using running = new AtollProcess(
      ["run", systemFile("waiting"), "--port", "0", "--data", join(folder, `early-${how}`), ...flags],
      options,
    );
    await hold.arrived;
    running.kill("SIGINT");
    hold.release();
    const { code, stdout } = await running.ended;
    assert.equal(code, 0);
    assert.match(stdout, /waiting is running(.*\n)+stopping:/);
  });

  test(`atoll run (${how}): a taken port is named, and nothing stays behind`, async () => {
    const taken = createServer();
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    taken.listen(0, "127.0.0.1", resolve);
    await listening;
    try {
      const { port } = taken.address() as AddressInfo;
      const ended = await atoll(["run", exampleHello, "--port", String(port), "--data", join(folder, `taken-${how}`), ...flags]);
      assert.equal(ended.code, 1);
      assert.match(
        told(ended),
        new RegExp(`^atoll: The port is taken: another process listens on port ${port} of 127\\.0\\.0\\.1\\. .*--port\\.\\n$`),
      );
      assert.equal(ended.stdout, "");
      assert.equal(existsSync(join(folder, `taken-${how}/control.json`)), false);
    } finally {
      taken.close();
    }
  });

  test(`atoll run (${how}): a second process on the same data directory is refused with the first one's pid`, async () => {
    await using first = new AtollProcess(runHello(`twice-${how}`, ...flags));
    await first.url();
    const second = await atoll(runHello(`twice-${how}`, ...flags));
    assert.equal(second.code, 1);
    assert.match(
      told(second),
      new RegExp(
        `^atoll: Another process uses this data directory \\(.*/twice-${how}${how === "shared" ? "/counter" : ""}\\): it is held by pid ${first.pid}, .*--data\\.\\n$`,
      ),
    );
    assert.equal((await first.stop()).code, 0);
  });
}

test("atoll run: a data directory that is a file, or cannot be made, is named with the reason", async () => {
  await writeFile(join(folder, "file"), "");
  const [file, below, forbidden] = await Promise.all([
    atoll(runHello("file")),
    atoll(runHello("file/below")),
    atoll(["run", exampleHello, "--data", "/proc/atoll"]),
  ]);
  assert.deepEqual([file.code, below.code, forbidden.code], [1, 1, 1]);
  assert.match(told(file), /^atoll: the data directory .*\/file is a file: name a folder with --data\n$/);
  assert.match(
    told(below),
    /^atoll: the data directory .*\/file\/below cannot be made: a part of the path is a file \(ENOTDIR\)\. .*--data\.\n$/,
  );
  assert.match(told(forbidden), /^atoll: the data directory \/proc\/atoll cannot be made: .*--data\.\n$/);
});

test("atoll run: a log of a newer format is refused with the path and what to do", async () => {
  await used("newer");
  const db = new DatabaseSync(join(folder, "newer/counter/log.db"));
  db.exec("update meta set format = 99");
  db.close();
  const ended = await atoll(runHello("newer"));
  assert.equal(ended.code, 1);
  assert.match(
    told(ended),
    /^atoll: The journal was written by a newer version \(.*\/newer\/counter\/log\.db\): .*99.* Install the newer version.*\n$/,
  );
});

test("atoll run: a damaged log is refused with the path, the last readable position and what to do", async () => {
  await used("damaged");
  const db = new DatabaseSync(join(folder, "damaged/counter/log.db"));
  db.exec("update log set body = replace(body, 'counter', 'kounter')");
  db.close();
  const ended = await atoll(runHello("damaged"));
  assert.equal(ended.code, 1);
  assert.match(
    told(ended),
    /^atoll: The journal is damaged \(.*\/damaged\/counter\/log\.db\): .*partition \d+.*offset \d+.* restore it from a backup.*\n$/,
  );
});

for (const { how, flags } of isolations) {
  test(`atoll run (${how}): killed and run again on the same data, it knows what it acknowledged`, async () => {
    await using first = new AtollProcess(runHello(`killed-${how}`, ...flags));
    assert.deepEqual(await add(await first.url(), "a", 40), { total: 40 });
    first.kill("SIGKILL");
    await first.ended;
    await using second = new AtollProcess(runHello(`killed-${how}`, ...flags));
    assert.deepEqual(await add(await second.url(), "a", 2), { total: 42 });
    assert.equal((await second.stop()).code, 0);
  });
}
