// The control socket by itself: who may reach it, what it survives, what it refuses.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { CommandError } from "./command-error.ts";
import { askRunning } from "./control-client.ts";
import { ControlServer, sweep, type Verbs } from "./control-server.ts";
import { announced, nodesOf, socketFor } from "./control-socket.ts";

let folder = "";
const ambient = process.env["TMPDIR"];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-control-"));
  process.env["TMPDIR"] = folder;
});
after(async () => {
  if (ambient === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = ambient;
  await rm(folder, { recursive: true, force: true });
});

async function dataDirectory(name: string): Promise<string> {
  const data = join(folder, name);
  await mkdir(data);
  return data;
}

/** Runs `work` while a process, this one, offers `verbs` for a data directory of this name. */
async function offering(name: string, verbs: Verbs, work: (data: string) => Promise<void>): Promise<void> {
  const data = await dataDirectory(name);
  const server = await ControlServer.open(data, verbs);
  try {
    await work(data);
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const refusal = (what: Promise<unknown>): Promise<string> =>
  what.then(
    () => assert.fail("it was not refused"),
    (error: unknown) => {
      assert(error instanceof CommandError, String(error));
      return error.message;
    },
  );

test("control: a verb is asked with its input and answered; nobody but the owner can reach socket or address", async () => {
  const data = await dataDirectory("open");
  const server = await ControlServer.open(data, { "GET /three": () => 3, "POST /echo": (input) => Promise.resolve({ input }) });
  const address = announced(data);
  assert(address);
  assert.equal(address.pid, process.pid);
  assert.deepEqual([modeOf(address.socket), modeOf(dirname(address.socket)), modeOf(join(data, "control.json"))], [0o600, 0o700, 0o600]);
  assert.deepEqual(await askRunning(data, "GET /three"), { kind: "answered", value: 3 });
  assert.deepEqual(await askRunning(data, "POST /echo", { a: "ä" }), { kind: "answered", value: { input: { a: "ä" } } });
  await server[Symbol.asyncDispose]();
  assert.deepEqual([existsSync(address.socket), existsSync(join(data, "control.json"))], [false, false]);
  assert.deepEqual(await askRunning(data, "GET /three"), { kind: "not-running" });
});

test("control: an unknown verb, a verb's refusal and a verb that throws are told apart from an answer", () => {
  const verbs: Verbs = {
    "GET /no": () => {
      throw new CommandError("not today");
    },
    "GET /bug": () => {
      throw new RangeError("broken");
    },
  };
  return offering("refusals", verbs, async (data) => {
    assert.match(await refusal(askRunning(data, "GET /unknown")), /knows no "GET \/unknown"; it may be of another version/);
    assert.match(await refusal(askRunning(data, "GET /constructor")), /knows no/);
    assert.equal(await refusal(askRunning(data, "GET /no")), "not today");
    assert.equal(await refusal(askRunning(data, "GET /bug")), "broken");
  });
});

test("control: a body that is too long or not JSON is refused, and the next request answered", () =>
  offering("bodies", { "POST /echo": (input) => input }, async (data) => {
    assert.match(await refusal(askRunning(data, "POST /echo", "x".repeat(20_000))), /at most 16384 bytes/);
    const raw = createConnection(announced(data)?.socket ?? "");
    raw.end("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n{");
    let text = "";
    for await (const chunk of raw) text += String(chunk);
    assert.match(text, /^HTTP\/1\.1 422 .*the request is not JSON/s);
    assert.deepEqual(await askRunning(data, "POST /echo", "short"), { kind: "answered", value: "short" });
  }));

test("control: the socket of a killed process is replaced, that of a living one respected", async () => {
  const data = await dataDirectory("stale");
  const socket = socketFor(data);
  const killed = `require("node:net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`;
  assert.equal(spawnSync(process.execPath, ["--eval", killed]).signal, "SIGKILL");
  assert(existsSync(socket), "the killed process left its socket");
  const server = await ControlServer.open(data, { "GET /": () => "new" });
  assert.match(await refusal(ControlServer.open(data, {})), /another process listens/);
  assert.deepEqual(await askRunning(data, "GET /"), { kind: "answered", value: "new" });
  await server[Symbol.asyncDispose]();
});

test("control: sockets of the dead are swept from the folder once they are old, those of the living are not", async () => {
  const sockets = dirname(socketFor("/data"));
  const dead = join(sockets, "dead.sock");
  const kill = `require("node:net").createServer().listen(${JSON.stringify(dead)}, () => process.kill(process.pid, "SIGKILL"))`;
  assert.equal(spawnSync(process.execPath, ["--eval", kill]).signal, "SIGKILL");
  await mkdir(nodesOf(dead));
  await writeFile(join(nodesOf(dead), "node"), "");
  await offering("living", {}, async (data) => {
    const living = announced(data)?.socket ?? "";
    const madeMs = statSync(dead).mtimeMs;
    await sweep(sockets, madeMs + 1_000);
    assert.deepEqual([existsSync(dead), existsSync(nodesOf(dead)), existsSync(living)], [true, true, true]);
    await sweep(sockets, madeMs + 3_600_000);
    assert.deepEqual([existsSync(dead), existsSync(nodesOf(dead)), existsSync(living)], [false, false, true]);
  });
});

test("control: an address that another process has written since is left to it", async () => {
  const data = await dataDirectory("other");
  const server = await ControlServer.open(data, {});
  const other = JSON.stringify({ pid: process.pid + 1, socket: "/other.sock" });
  await writeFile(join(data, "control.json"), other);
  await server[Symbol.asyncDispose]();
  assert.equal(await readFile(join(data, "control.json"), "utf8"), other);
});

test("control: an address file that is no address counts as none", async () => {
  const data = await dataDirectory("garbage");
  for (const text of ["", "{", "null", '{"pid":"1","socket":"/x"}', '{"pid":1,"socket":"x"}', " ".repeat(10_000)]) {
    await writeFile(join(data, "control.json"), text);
    assert.deepEqual(await askRunning(data, "GET /"), { kind: "not-running" });
  }
});

test("control: a folder of sockets that others may enter, or a link to one, is not used", async () => {
  const temporary = await dataDirectory("open-folder");
  process.env["TMPDIR"] = temporary;
  const sockets = dirname(socketFor("/data"));
  await chmod(sockets, 0o755);
  assert.throws(() => socketFor("/data"), /not a folder that only this user may enter/);
  await chmod(sockets, 0o700);
  await rename(sockets, join(temporary, "elsewhere"));
  await symlink("elsewhere", sockets);
  assert.throws(() => socketFor("/data"), /not a folder that only this user may enter/);
  process.env["TMPDIR"] = folder;
});

test("control: where the path of the temporary folder is too long for a socket, /tmp is used", () => {
  process.env["TMPDIR"] = join(folder, "long".repeat(30));
  assert.match(socketFor("/data"), /^\/tmp\/atoll-\d+\/[0-9a-f]{24}\.sock$/);
  process.env["TMPDIR"] = folder;
});
