// `npm run flood [-- --seconds N]`: one service is asked ten times as much as it can carry out. Does it go on carrying out as much as it can,
// refuse the rest at once, and leave the others alone? A system in processes of its own, asked over HTTP by two more processes: first
// at four fifths of the capacity, then at ten times, for N seconds, then at four fifths again.
//
// Prints what was answered, how long another service took meanwhile, what the processes occupied, and a verdict. Exit code 0: served at
// capacity, shed as OVERLOADED, memory flat, and as before afterwards. Latency is shown only.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ChildFailed, serving } from "./child.ts";
import { capacity } from "./flood/flooded-system.ts";
import { phase } from "./flood/phase.ts";
import { answersOf, at, judge, mb, type FloodResult, type PhaseFigures } from "./flood/verdict.ts";
import { machine, revision } from "./machine.ts";
import { newWorkDirectory, removeDirectory } from "./work-directory.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const windowMs = 5_000;
const calmWindows = 2;
const floodFactor = 10;
const calmFactor = 0.8;

function secondsFrom(): number | undefined {
  try {
    const { values } = parseArgs({ options: { seconds: { type: "string" } } });
    const seconds = Number(values.seconds ?? 120);
    if (seconds >= 10 && seconds <= 3_600) return seconds;
    console.error("--seconds is a number from 10 to 3600");
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  console.error("npm run flood -- [--seconds N]");
  return undefined;
}

async function measure(seconds: number): Promise<FloodResult> {
  const data = newWorkDirectory();
  const command = [
    join(root, "packages/cli/src/atoll.js"),
    "run",
    join(root, "bench/flood/flooded-system.ts"),
    "--port",
    "0",
    "--data",
    data,
  ];
  const child = spawn(process.execPath, command, { env: { ...process.env, NODE_ENV: "production" }, stdio: ["ignore", "pipe", "pipe"] });
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  const ended = once(child, "exit");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-8_000)));
  try {
    let url: string | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      url = /http:\/\/127\.0\.0\.1:\d+$/.exec(line)?.[0];
      if (url !== undefined) break;
    }
    if (url === undefined) throw new ChildFailed(`the system did not start:\n${said}`);
    child.stdout.resume();
    await using flooder = await serving("flood/flooder.ts", { port: Number(new URL(url).port) });
    const room = { url, flooder };
    const calmly = { perSecond: calmFactor * capacity, windows: calmWindows, windowMs };
    const windows = Math.ceil((seconds * 1_000) / windowMs);
    const calm = await phase(room, { name: "calm", ...calmly });
    const flood = await phase(room, { name: "flood", perSecond: floodFactor * capacity, windows, windowMs });
    const after = await phase(room, { name: "afterwards", ...calmly, windows: calmWindows + 1 });
    child.kill("SIGTERM");
    await ended;
    return { capacity, calm, flood, after };
  } finally {
    process.off("exit", end);
    end();
    removeDirectory(data);
  }
}

function linesOf({ name, perSecond, windows, overHttpMs, betweenServicesMs }: PhaseFigures): readonly string[] {
  const latency = (ms: readonly number[]): string => `p50 ${at(ms, 0.5).toFixed(2)} ms, p99 ${at(ms, 0.99).toFixed(2)} ms`;
  const rate = (count: number, ms: number): string => ((count * 1_000) / ms).toFixed(0).padStart(5);
  return [
    `${name}: asked ${perSecond}/s · another service over HTTP ${latency(overHttpMs)} · between services ${latency(betweenServicesMs)}`,
    ...windows.map(({ ms, outcome, residentBytes }, i) => {
      const of = (which: (status: string) => boolean): number => answersOf([{ ms, outcome, residentBytes }], which);
      const resident = Object.entries(residentBytes).map(([node, bytes]) => `${node} ${mb(bytes)}`);
      return (
        `  ${String((i * windowMs) / 1_000).padStart(4)} s  served ${rate(
          of((s) => s === "200"),
          ms,
        )}/s in ${at(outcome.tookMs, 0.5).toFixed(0)} ms` +
        `  OVERLOADED ${rate(
          of((s) => s === "503 OVERLOADED"),
          ms,
        )}/s  other ${of((s) => s !== "200" && s !== "503 OVERLOADED")}  resident MB: ${resident.join(", ")}`
      );
    }),
  ];
}

const seconds = secondsFrom();
try {
  if (seconds === undefined) process.exitCode = 2;
  else {
    const on = machine();
    const { commit, dirty } = revision();
    const result = await measure(seconds);
    const verdict = judge(result);
    console.log([result.calm, result.flood, result.after].flatMap(linesOf).join("\n"));
    console.log(`\n${verdict.text}`);
    console.log(
      `\n${new Date().toISOString().slice(0, 10)}, ${commit}${dirty ? "+" : ""}; ${on.cpu}, ${on.cores} cores, ${on.system}, node ${on.node}; load before ${on.load.toFixed(1)}`,
    );
    if (!verdict.passed) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof ChildFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
