// `npm start` as real processes: the shop, and the bank beside it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { root } from "./generated.ts";

interface Started {
  readonly shop: string;
  readonly bankPort: number;
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => Promise<readonly unknown[]>;
}

const command = (args: readonly string[], env: Record<string, string> = {}) => {
  const { PORT: _, BANK_URL: __, ...inherited } = process.env;
  return spawn(process.execPath, ["scripts/start.ts", ...args], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a process group of its own, as a terminal gives it
  });
};

async function started(data: string, ...more: readonly string[]): Promise<Started> {
  const child = command(["--port", "0", "--data", data, ...more]);
  const ended = once(child, "exit");
  let said = "";
  child.stderr.resume();
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString();
    if (/ stop .*\n/.test(said)) break;
  }
  const [, shop = assert.fail(said)] = /open +(http:\S+)/.exec(said) ?? [];
  const [, port = assert.fail(said)] = /^bank is open on port (\d+)/m.exec(said) ?? [];
  const kill = (signal: NodeJS.Signals): Promise<readonly unknown[]> => {
    child.kill(signal);
    return ended;
  };
  return { shop, bankPort: Number(port), pid: child.pid as number, kill };
}

/** Resolves when nobody listens there any more. */
async function closed(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const end = await Promise.race([once(socket, "connect"), once(socket, "close")]).catch(() => "refused");
    socket.destroy();
    if (end === "refused") return;
    await pause(10);
  }
}

test("start: the bank ends with a shop that is killed, and its books are what they were when the shop starts again", async () => {
  const data = await mkdtemp(join(tmpdir(), "start-"));
  try {
    const first = await started(data, "--bank", "latency=1ms");
    const bank = `http://127.0.0.1:${first.bankPort}`;
    const paid = await fetch(`${bank}/payments/o1`, { method: "PUT", body: JSON.stringify({ customer: "eve", cents: 499 }) });
    assert.equal(paid.status, 200);
    const watching = connect(first.bankPort, "127.0.0.1");
    await once(watching, "connect");
    const gone = once(
      watching.resume().on("error", () => {}),
      "close",
    );
    await first.kill("SIGKILL");
    await gone;
    const second = await started(data, "--bank=errors=0.5");
    const books = (await (await fetch(`http://127.0.0.1:${second.bankPort}/books`)).json()) as { readonly charged_cents: number };
    assert.equal(books.charged_cents, 499);
    assert.equal((await fetch(`${second.shop}/health`)).status, 200);
    assert.deepEqual(await second.kill("SIGTERM"), [0, null]);
  } finally {
    await rm(data, { recursive: true });
  }
});

test("start: Ctrl-C, which reaches every process of the terminal, ends the shop in order and the bank with it", async () => {
  const data = await mkdtemp(join(tmpdir(), "start-"));
  try {
    const { pid, bankPort, kill } = await started(data);
    process.kill(-pid, "SIGINT");
    assert.deepEqual(await kill("SIGCONT"), [0, null]);
    await closed(bankPort);
  } finally {
    await rm(data, { recursive: true });
  }
});

test("start: a second one on the same data is refused with the pid of the first, which goes on", async () => {
  const data = await mkdtemp(join(tmpdir(), "start-"));
  try {
    const first = await started(data);
    const second = command(["--port", "0", "--data", data]);
    let said = "";
    second.stdout.resume();
    second.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    assert.deepEqual(await once(second, "close"), [1, null], said);
    assert.match(said, new RegExp(`Another process uses this data directory .* held by pid ${first.pid}, `));
    assert.equal((await fetch(`${first.shop}/health`)).status, 200);
    assert.deepEqual(await first.kill("SIGTERM"), [0, null]);
  } finally {
    await rm(data, { recursive: true });
  }
});

test("start: what cannot be meant ends with 2 and the reason", async () => {
  for (const [args, env, reason] of [
    [["--bank"], {}, /--bank needs a value/],
    [["--bank", "errors=2", "--data", join(tmpdir(), "start-never")], {}, /errors is a part of the requests/],
    [["--bank=errors=0.1"], { BANK_URL: "http://127.0.0.1:1" }, /BANK_URL names another one/],
    [["--port", "many"], { BANK_URL: "http://127.0.0.1:1" }, /port/],
  ] as const) {
    const child = command(args, env);
    const said: string[] = [];
    child.stdout.resume();
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    const [code] = await once(child, "close");
    assert.match(said.join(""), reason);
    assert.equal(code, 2, said.join(""));
  }
  await rm(join(tmpdir(), "start-never"), { recursive: true, force: true });
});

test("verify: a wrong command line, and a shop that is not there, end with 2", async () => {
  for (const args of [[], ["nowhere"], ["http://127.0.0.1:1", "--within", "x"], ["http://127.0.0.1:1", "--what"], ["http://127.0.0.1:1"]]) {
    const child = spawn(process.execPath, ["scripts/verify.ts", ...args], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.resume();
    assert.deepEqual(await once(child, "close"), [2, null], args.join(" "));
  }
});
