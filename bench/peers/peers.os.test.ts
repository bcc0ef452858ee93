// What can go wrong before and between a peer's answers, shown without any peer installed: processes, programs, folders.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ChildFailed, serving } from "../child.ts";
import { openPeers } from "./beside-ours.ts";
import { installPeers } from "./install.ts";
import type { RoundAnswer, RoundRequest } from "./load.ts";
import { CannotRun } from "./peer-process.ts";
import { findPostgres } from "./postgres.ts";
import { ServerProcess } from "./server-program.ts";

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "atoll-peers-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function withEnvironment(t: TestContext, values: { readonly [name: string]: string }): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before;
    });
  }
}

const manifest = { name: "peers-under-test", version: "1.0.0" };

/** A folder as peers/ is, whose one dependency is `dependency`, as the lock file has it. */
function plantPeers(directory: string, name: string, range: string, locked: { readonly [path: string]: object }): void {
  const dependencies = { [name]: range };
  writeFileSync(join(directory, "package.json"), JSON.stringify({ ...manifest, dependencies }));
  const lock = { ...manifest, lockfileVersion: 3, requires: true, packages: { "": { ...manifest, dependencies }, ...locked } };
  writeFileSync(join(directory, "package-lock.json"), JSON.stringify(lock));
}

test("peers: without a registry the reason says that it cannot be reached, and where to try again", async (t) => {
  const directory = folder(t);
  plantPeers(directory, "some-peer", "1.0.0", { "node_modules/some-peer": { version: "1.0.0", integrity: "sha512-AAAA" } });
  withEnvironment(t, { npm_config_registry: "http://127.0.0.1:1/", npm_config_cache: join(directory, "cache") });
  const installation = await installPeers(directory);
  assert.equal(installation.kind, "missing");
  assert.match(installation.why, /^the npm registry cannot be reached \(ECONNREFUSED\) \(npm ci in .*atoll-peers-test-/);
  assert.equal((await installPeers(directory)).kind, "missing", "a failed installation is not taken for one");
});

test("peers: what the lock file says is installed once, without running its scripts, and anew when the lock file changes", async (t) => {
  const directory = folder(t);
  const peer = join(directory, "some-peer");
  mkdirSync(peer);
  const ran = join(directory, "a-script-was-run");
  const scripts = { postinstall: `node -e "require('fs').writeFileSync(${JSON.stringify(ran).replaceAll('"', "'")}, '')"` };
  writeFileSync(join(peer, "package.json"), JSON.stringify({ name: "some-peer", version: "1.0.0", scripts }));
  const locked = {
    "node_modules/some-peer": { resolved: "some-peer", link: true },
    "some-peer": { version: "1.0.0", hasInstallScript: true },
  };
  plantPeers(directory, "some-peer", "file:some-peer", locked);
  assert.deepEqual(await installPeers(directory), { kind: "installed" });
  assert.throws(() => rmSync(ran), { code: "ENOENT" });
  withEnvironment(t, { PATH: directory });
  assert.deepEqual(await installPeers(directory), { kind: "installed" }, "there is no npm to be asked any more");
  plantPeers(directory, "some-peer", "file:./some-peer", locked);
  const changed = await installPeers(directory);
  assert.match(changed.kind === "missing" ? changed.why : changed.kind, /^npm cannot be run: .*ENOENT/);
});

test("peers: if they are missing, each of the benchmark's own stands beside ours with the reason; if nobody asked, none does", async (t) => {
  const room = { quick: true, rounds: 1, directory: folder(t) };
  await using peers = await openPeers("saga", { ...room, peers: { kind: "missing", why: "no registry" } });
  assert.deepEqual(peers.absent, [
    { name: "DBOS", why: "no registry" },
    { name: "Restate", why: "no registry" },
  ]);
  assert.deepEqual(peers.load(1, 1).sides, {});
  await using others = await openPeers("http-post", { ...room, peers: { kind: "missing", why: "no registry" } });
  assert.deepEqual(others.absent, []);
  await using unasked = await openPeers("saga", { ...room, peers: { kind: "not-asked-for" } });
  assert.deepEqual(unasked.absent, []);
});

const trivial = (behaviour: string): ReturnType<typeof serving> =>
  serving("peers/trivial-peer-under-test.ts", { directory: join(tmpdir(), behaviour) });
const request: RoundRequest = { round: 1, callers: 2, ms: 5 };

test("peer process: says its name, and answers a round with its rate and its times", async () => {
  await using peer = await trivial("works");
  assert.deepEqual(peer.value, { kind: "open", name: "trivial 1.0" });
  const { perSecond, details } = (await peer.ask(request)) as RoundAnswer;
  assert.ok(perSecond > 0 && Object.keys(details).length === 2, JSON.stringify({ perSecond, details }));
});

test("peer process: a workflow that leaves out a step ends the measurement, instead of looking fast", async () => {
  await using peer = await trivial("skips-a-step");
  await assert.rejects(peer.ask(request), (error) => error instanceof ChildFailed);
});

test("peer process: what this machine lacks is told as the reason, not as a failure", async () => {
  await using peer = await trivial("cannot-run");
  assert.deepEqual(peer.value, { kind: "absent", why: "needs a moon" });
});

const program = (script: string): ServerProcess =>
  new ServerProcess({ program: process.execPath, args: ["-e", script], cwd: tmpdir(), killedBy: "SIGKILL" });

test("server program: one that ends before it is ready is explained by how it ended and its last words", async () => {
  const ended = program('console.error("first\\nthe port is taken"); process.exitCode = 3;');
  await assert.rejects(
    ended.ready(() => false),
    new CannotRun("node: it ended with code 3, saying: the port is taken"),
  );
  const missing = new ServerProcess({ program: "/nowhere/server", args: [], cwd: tmpdir(), killedBy: "SIGKILL" });
  await assert.rejects(
    missing.ready(() => false),
    /^CannotRun: server: spawn \/nowhere\/server ENOENT/,
  );
});

test("server program: it is ready when it says so, and gone once it is disposed of", async () => {
  const server = program("console.log(`ready as ${process.pid}`); setInterval(() => {}, 1_000);");
  let pid = 0;
  await server.ready((said) => {
    pid = Number(/ready as (\d+)/.exec(said)?.[1] ?? 0);
    return pid > 0;
  });
  await server[Symbol.asyncDispose]();
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

test("PostgreSQL: the path's comes first, then the newest version; without any the reason has the command that installs it", (t) => {
  const directory = folder(t);
  const plant = (path: string, ...programs: readonly string[]): string => {
    mkdirSync(join(directory, path), { recursive: true });
    for (const name of programs) {
      writeFileSync(join(directory, path, name), "");
      chmodSync(join(directory, path, name), 0o755);
    }
    return join(directory, path);
  };
  const client = plant("client", "psql");
  assert.throws(
    () => findPostgres(client, [join(directory, "nowhere")]),
    new CannotRun("needs PostgreSQL (Debian: sudo apt-get install -y postgresql)"),
  );
  plant("versions/9/bin", "initdb", "postgres");
  plant("versions/16/bin", "initdb");
  const newest = plant("versions/15/bin", "initdb", "postgres");
  assert.equal(findPostgres(client, [join(directory, "versions")]), newest);
  const own = plant("own", "initdb", "postgres");
  assert.equal(findPostgres(`${client}:${own}`, [join(directory, "versions")]), own);
});
