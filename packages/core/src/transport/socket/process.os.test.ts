// Links between real processes, of which one is killed or stopped; and the file that a listener leaves.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Failure } from "../../base/failure.ts";
import { nodeRuntime } from "../../runtime/node/index.ts";
import { Recorder } from "../tck/recorder.ts";
import { ticketFor } from "../ticket.ts";
import type { NodeIdentity } from "../transport.ts";
import { listenerSelf, processLimits } from "./process-setting.ts";
import { SocketTransport } from "./socket-transport.ts";

const script = fileURLToPath(new URL("./listener-under-test.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "atoll-process-"));
const runtime = nodeRuntime({ logger: { log: () => {} } });
const hold = runtime.hold();
const self: NodeIdentity = { node: "a", service: "a", incarnation: "a".repeat(32) };
const transport = new SocketTransport(runtime, { system: "trial", self, limits: processLimits });
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  hold[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  /** The next line that it says. */
  said(): Promise<string>;
}

async function start(at: string): Promise<Started> {
  const child = spawn(process.execPath, [script, at], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<string> => (await lines.next()).value as string;
  assert.equal(await said(), "listening");
  return { child, said };
}

async function connect(at: string): Promise<Recorder> {
  let near: Recorder | undefined;
  const ticket = ticketFor("secret", "trial", self);
  await transport.connect({ identity: listenerSelf, at, ticket }, (link) => (near = new Recorder(link)));
  return near as Recorder;
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "fine",
    (error: unknown) => (error instanceof Failure ? error.code : String(error)),
  );

test("T4: SIGKILL of the other process breaks the link at once, and its socket does not keep out a successor", async () => {
  const at = join(folder, "killed", "b.sock");
  const { child } = await start(at);
  const near = await connect(at);
  near.link.send(JSON.stringify(1));
  await near.arrived(1);
  child.kill("SIGKILL");
  assert.equal((await near.loss()).kind, "broken");
  assert.ok(existsSync(at), "what a killed process leaves");
  await start(at);
  const again = await connect(at);
  again.link.send(JSON.stringify(2));
  await again.arrived(1);
  again.close();
});

test("T4: a stopped process is lost by its silence, and finds its link lost when it goes on", async () => {
  const at = join(folder, "stopped", "b.sock");
  const { child, said } = await start(at);
  const near = await connect(at);
  child.kill("SIGSTOP");
  assert.equal((await near.loss()).kind, "silent");
  child.kill("SIGCONT");
  assert.equal(await said(), "closed closed"); // the goodbye was in its socket
});

test("listen: the socket is for this user only, in a folder that only this user may enter", async () => {
  const at = join(folder, "private", "a.sock");
  await using listener = await transport.listen(at, "secret", (link) => new Recorder(link));
  assert.equal(lstatSync(listener.at).mode & 0o777, 0o600);
  assert.equal(lstatSync(dirname(at)).mode & 0o777, 0o700);
});

test("listen: a folder that others may enter, a file that is no socket, a relative path, one too long are refused with INVALID_CONFIG", async () => {
  const open = join(folder, "open");
  mkdirSync(open);
  chmodSync(open, 0o755);
  const taken = join(folder, "file", "a.sock");
  mkdirSync(dirname(taken), { mode: 0o700 });
  writeFileSync(taken, "somebody's");
  for (const at of [join(open, "a.sock"), taken, "a.sock", join(folder, "x".repeat(100))]) {
    assert.equal(await codeOf(transport.listen(at, "secret", (link) => new Recorder(link))), "INVALID_CONFIG", at);
  }
  assert.ok(existsSync(taken), "what is no socket is left alone");
  assert.equal(
    await codeOf(
      transport.connect({ identity: listenerSelf, at: join(folder, "x".repeat(100)), ticket: "t" }, () => new Recorder(null as never)),
    ),
    "UNAVAILABLE",
  );
});

test("listen: a socket that a living process listens at is left alone", async () => {
  const at = join(folder, "living", "b.sock");
  const { child, said } = await start(at);
  assert.equal(await codeOf(transport.listen(at, "secret", (link) => new Recorder(link))), "ADDRESS_TAKEN");
  const near = await connect(at);
  near.link.send(JSON.stringify("still yours"));
  assert.equal(await said(), 'message "still yours"');
  near.close();
  child.kill("SIGKILL");
});
