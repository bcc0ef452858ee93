// `npm start`: the Sock Shop, and beside it the bank, which is an outside party and so a process of its own.
//
//   npm start -- [--bank latency=50ms,errors=0.1,hangs=0.01] [--port N] [--host ADDRESS] [--data DIR] [--isolation shared]
//
// --bank is for the bank; everything else goes to `atoll run`, whose supervisor is this process, so that signals and exit codes are
// its own; with --isolation shared it is the whole shop. The bank takes a free port and keeps its books in DIR/bank. It ends with this process, also with a SIGKILL, and
// its books are what they were. With BANK_URL in the environment no bank is started: somebody else's is used.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { makeDirectory } from "../packages/core/src/journal/sqlite/index.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const shop = "examples/sock-shop/shop.ts";

interface CommandLine {
  readonly bank: string | undefined;
  readonly data: string;
  /** For `atoll run`. */
  readonly rest: readonly string[];
}

function commandLine(args: readonly string[]): CommandLine {
  const rest: string[] = [];
  let bank: string | undefined;
  let data = ".atoll/sock-shop";
  for (let i = 0; i < args.length; i += 1) {
    const [, name, inline] = /^(--bank|--data)(?:=(.*))?$/s.exec(args[i] as string) ?? [];
    if (name === "--bank") {
      bank = inline ?? args[(i += 1)];
      if (bank === undefined) refuse("--bank needs a value, such as latency=50ms,errors=0.1,hangs=0.01");
    } else {
      if (name === "--data") data = inline ?? args[i + 1] ?? data;
      rest.push(args[i] as string);
    }
  }
  return { bank, data, rest };
}

function refuse(reason: string): never {
  process.stderr.write(`start: ${reason}\n`);
  process.exit(2);
}

/** How soon a bank that has gone is started again (ms), on the port that it had. */
const reopenMs = 1_000;

/**
 * Resolves with its address once it is open. If it cannot open, this process ends, after what the bank had to say. A bank that
 * ends later is opened again: until then it is away, which is what the shop has to cope with anyway.
 */
async function openBank(faults: string, books: string, port = "0"): Promise<string> {
  const program = file("../examples/sock-shop/bank/main.ts");
  const args = [program, "--attached", `--port=${port}`, `--faults=${faults}`, `--data=${books}`];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {});
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", (code) => resolve(code ?? 1));
  });
  const opened = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const line = await Promise.race([opened.then(([text]) => text), ended]);
  if (typeof line === "number") return port === "0" ? process.exit(line || 1) : reopened(faults, books, port);
  child.unref(); // it is no reason for this process to go on
  for (const pipe of [child.stdin, child.stdout] as unknown as readonly { unref(): void }[]) pipe.unref();
  const [, url = "", bound = "", mood = ""] = /(http:\/\/[^:]+:(\d+)), (.*)/.exec(line) ?? [];
  process.stdout.write(`bank is open on port ${bound}, ${mood}\n`);
  void ended.then(() => reopened(faults, books, bound));
  return url;
}

async function reopened(faults: string, books: string, port: string): Promise<string> {
  await pause(reopenMs, undefined, { ref: false });
  return openBank(faults, books, port);
}

const { bank, data, rest } = commandLine(process.argv.slice(2));
if (bank !== undefined && process.env["BANK_URL"] !== undefined) refuse("--bank is for a bank of our own, but BANK_URL names another one");
// Made here as durably as `atoll run` makes it, because the bank is the first to put something into it. Where it cannot be made
// `atoll run` says why.
const ready =
  !rest.includes("--help") &&
  (await makeDirectory(data).then(
    () => true,
    () => false,
  ));
if (process.env["BANK_URL"] === undefined && ready) process.env["BANK_URL"] = await openBank(bank ?? "", join(data, "bank", "books.db"));
process.argv.splice(2, process.argv.length, "run", shop, ...rest);
await import("../packages/cli/src/atoll.js");
