// From the start of a process to its first answer over HTTP: the hello example as a user starts it, and the answer is to a
// command, so it includes a commit. Beside it a server of node:http, and the same with zod loaded. Whoever waits knocks every
// few milliseconds, which is part of the figure and the same for all. The rows that have an aim are of `--isolation shared`, one
// process; the others of the default, a supervisor and two processes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Room } from "./benchmark.ts";
import { freePort } from "./free-port.ts";
import { postRequest } from "./http-client.ts";
import { beside, interleave, type Row, type Side } from "./measure.ts";
import { removeDirectory } from "./work-directory.ts";

const knockEveryMs = 2;
const answerWithinMs = 20_000;
const root = fileURLToPath(new URL("..", import.meta.url));
const request = postRequest("/counters/a", JSON.stringify({ by: 1 }));

export async function measureStarts({ rounds, directory }: Room): Promise<readonly Row[]> {
  const cli = join(root, "packages/cli");
  const { bin } = JSON.parse(readFileSync(join(cli, "package.json"), "utf8")) as { readonly bin: { readonly atoll: string } };
  const program = [join(cli, bin.atoll), "run", join(root, "examples/hello/hello.ts")];
  const hello =
    (isolation: "shared" | "process", data: string) =>
    (port: number): readonly string[] => [...program, "--isolation", isolation, "--port", String(port), "--data", data];
  const listen = (port: number): string =>
    `import { createServer } from "node:http"; createServer((request, response) => response.end("{}")).listen(${port}, "127.0.0.1");`;
  const script = (text: string): readonly string[] => ["--input-type=module", "-e", text];
  const fresh = join(directory, "fresh");
  const onNewData = async (isolation: "shared" | "process"): Promise<number> => {
    const ms = await firstAnswerMs(hello(isolation, fresh));
    removeDirectory(fresh);
    return ms;
  };
  const { first, again, plain, zod, firstOfMany, againOfMany } = await interleave(rounds, {
    first: () => onNewData("shared"),
    plain: () => firstAnswerMs((port) => script(listen(port))),
    again: () => firstAnswerMs(hello("shared", join(directory, "kept"))),
    zod: () => firstAnswerMs((port) => script(`import "zod"; ${listen(port)}`)),
    firstOfMany: () => onNewData("process"),
    againOfMany: () => firstAnswerMs(hello("process", join(directory, "kept-of-many"))),
  } satisfies { readonly [side: string]: Side });
  const bare = beside({ "node:http": plain, "node:http + zod": zod });
  const aim: Row["aim"] = { kind: "at-most", value: 300 };
  return [
    { name: "start-up of hello, new data", unit: "ms", ours: first, bare, aim },
    { name: "start-up of hello, data there", unit: "ms", ours: again, bare, aim },
    { name: "start-up of hello in processes, new data", unit: "ms", ours: firstOfMany, bare },
    { name: "start-up of hello in processes, data there", unit: "ms", ours: againOfMany, bare },
  ];
}

/** Starts node with the arguments that `argumentsFor` a free port gives, and ends it after its answer. */
async function firstAnswerMs(argumentsFor: (port: number) => readonly string[]): Promise<number> {
  const port = await freePort();
  const startMs = performance.now();
  const child = spawn(process.execPath, argumentsFor(port), {
    cwd: join(root, "bench"), // zod is found from here
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const exited = once(child, "exit");
  try {
    while (!(await knock(port))) {
      assert(child.exitCode === null && child.signalCode === null, `it ended before it answered:\n${said}`);
      assert(performance.now() - startMs < answerWithinMs, `it has not answered within ${answerWithinMs} ms`);
      await pause(knockEveryMs);
    }
    return performance.now() - startMs;
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
}

/** True once an answer has come; it must be a good one. */
function knock(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(request));
    socket.once("error", () => resolve(false));
    socket.once("data", (bytes) => {
      socket.destroy();
      if (bytes.toString("latin1", 0, 10) === "HTTP/1.1 2") resolve(true);
      else reject(new assert.AssertionError({ message: `it answered: ${bytes.toString()}` }));
    });
  });
}
