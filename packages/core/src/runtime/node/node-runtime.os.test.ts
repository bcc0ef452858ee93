import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Metrics } from "../metrics.ts";
import { jsonLogger, nodeRuntime } from "./index.ts";

const module = new URL("index.ts", import.meta.url).href;

/** Runs `code` in a process of its own, with `runtime` in scope. */
const programme = (code: string): string[] => [
  "--input-type=module-typescript",
  "-e",
  `import { nodeRuntime } from ${JSON.stringify(module)}; const runtime = nodeRuntime(); ${code}`,
];
const run = (
  code: string,
  env: { readonly [name: string]: string } = {},
): { readonly status: number | null; readonly out: string; readonly err: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, programme(code), {
    encoding: "utf8",
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
  return { status, out: stdout, err: stderr };
};

test("node runtime: a pending timer does not keep the process alive", () => {
  const { status, out } = run(`runtime.timers.after(3_600_000, () => {}); console.log("drained");`);
  assert.deepEqual({ status, out }, { status: 0, out: "drained\n" });
});

test("node runtime: a hold keeps the process alive until it is let go, and timers run meanwhile", () => {
  const { status, out } = run(
    `const hold = runtime.hold(); runtime.timers.after(20, () => { console.log("ran"); hold[Symbol.dispose](); hold[Symbol.dispose](); });`,
  );
  assert.deepEqual({ status, out }, { status: 0, out: "ran\n" });
});

test("node runtime: a task that throws is logged as one line of JSON on standard error, and the process goes on", () => {
  const { status, out, err } = run(
    `runtime.scheduler.soon(() => { throw new TypeError("planted"); }); runtime.scheduler.endOfTurn(() => console.log("went on"));`,
  );
  assert.deepEqual({ status, out }, { status: 0, out: "went on\n" });
  const { level, event, error } = JSON.parse(err) as { level: string; event: string; error: { code: string; message: string } };
  assert.deepEqual([level, event, error.code, error.message], ["error", "runtime.task_failed", "TypeError", "planted"]);
});

test("node runtime: where the logger throws as well, the tasks handed over with the one that failed still run, once each", () => {
  const { status, out } = run(
    `process.on("uncaughtException", (error) => console.log(error.message));
     const { scheduler } = nodeRuntime({ logger: { log() { throw new Error("no log"); } } });
     for (const n of [1, 2, 3]) scheduler.soon(() => { console.log(n); if (n === 1) throw new Error("planted"); });`,
  );
  assert.deepEqual({ status, out }, { status: 0, out: "1\nno log\n2\n3\n" });
});

test("node runtime: what hands itself over again and again keeps no promise from going on", () => {
  const { status, out } = run(
    `let rounds = 0, promised = false;
     const again = () => { if (!promised && (rounds += 1) < 1_000) runtime.scheduler.soon(again); };
     runtime.scheduler.soon(again);
     Promise.resolve().then(() => 0).then(() => 0).then(() => { promised = true; console.log(rounds < 10); });`,
  );
  assert.deepEqual({ status, out }, { status: 0, out: "true\n" });
});

test("node runtime: the mode comes from NODE_ENV unless it is given", () => {
  const print = "console.log(runtime.mode, nodeRuntime({ mode: 'development' }).mode);";
  assert.equal(run(print, { NODE_ENV: "production" }).out, "production development\n");
  assert.equal(run(print, { NODE_ENV: "" }).out, "development development\n");
});

test("node runtime: a reader of the log that goes away does not end the process", async () => {
  const code = `process.stdin.once("data", () => {
    let lines = 0;
    const write = () => { runtime.logger.log("info", "test.line"); if (++lines < 100) runtime.scheduler.endOfTurn(write); else { console.log("alive"); process.stdin.destroy(); } };
    write();
  });`;
  const child = spawn(process.execPath, programme(code), { stdio: ["pipe", "pipe", "pipe"] });
  child.stderr.destroy();
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stdin.end("go");
  const [status] = (await once(child, "exit")) as [number | null];
  assert.deepEqual({ status, out }, { status: 0, out: "alive\n" });
});

test("node runtime: process gauges are read when rendered, and the delay monitor starts with the first look", () => {
  const metrics = new Metrics();
  nodeRuntime({ metrics });
  const text = metrics.render();
  for (const quantile of ["0.5", "0.99", "1"]) assert.ok(text.includes(`atoll_event_loop_delay_seconds{quantile="${quantile}"} 0\n`), text);
  const rss = /^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1];
  assert.ok(Number(rss) > 1_000_000);
  assert.match(text, /^process_cpu_seconds \d+(\.\d+)?$/m);
  assert.match(text, /^process_heap_bytes \d+$/m);
});

test("json logger: entries below the level are dropped, the clock is the one given", () => {
  const lines: string[] = [];
  const logger = jsonLogger({ level: "warn", write: (line) => void lines.push(line), clock: { now: () => 0, monotonic: () => 0 } });
  logger.log("debug", "a");
  logger.log("info", "b");
  logger.log("warn", "c", { x: 1 });
  logger.log("error", "d");
  assert.deepEqual(lines, [
    '{"time":"1970-01-01T00:00:00.000Z","level":"warn","event":"c","x":1}',
    '{"time":"1970-01-01T00:00:00.000Z","level":"error","event":"d"}',
  ]);
});
