// The parent's side of appender-under-test.ts, what it is started through, and the check that its account and the log agree.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { idsOf, readAll } from "../tck/rows.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";

const script = fileURLToPath(new URL("./appender-under-test.ts", import.meta.url));

/** The service whose log the process writes. */
export const service = "log";

export class ProcessUnderTest implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Everything it has said. */
  readonly lines: string[] = [];
  readonly #reader: Interface;
  readonly #ended: Promise<number | null>;
  #heard = Promise.withResolvers<void>();
  #over = false;

  /** `command`: what the process is started through, such as strace. `run`: what it runs, with its arguments behind the directory. */
  constructor(directory: string, command: readonly string[] = [], run: readonly [script: string, ...rest: readonly string[]] = [script]) {
    const [path, ...others] = run;
    const [program = process.execPath, ...rest] = [...command, process.execPath, path, directory, ...others];
    this.child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
    this.child.stdin?.on("error", () => {}); // it may be dead
    this.#reader = createInterface({ input: this.child.stdout as NonNullable<ChildProcess["stdout"]> });
    this.#reader.on("line", (line) => {
      this.lines.push(line);
      this.#wake();
    });
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    this.child.on("error", reject);
    this.child.on("close", (code) => {
      this.#over = true;
      this.#wake();
      resolve(code);
    });
    this.#ended = promise;
  }

  tell(command: string): void {
    this.child.stdin?.write(`${command}\n`);
  }

  /** Resolves when so many lines begin so, false when the process ended before. `from`: lines not to be counted. */
  async says(start: string, times = 1, from = 0): Promise<boolean> {
    for (;;) {
      if (this.lines.slice(from).filter((line) => line.startsWith(start)).length >= times) return true;
      if (this.#over) return false;
      await this.#heard.promise;
    }
  }

  /** Tells it, and waits until it is done; false if it ended. */
  does(command: string): Promise<boolean> {
    const from = this.lines.length;
    this.tell(command);
    return this.says(`done ${command}`, 1, from);
  }

  /** The exit code, null after a signal. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  /** SIGKILL to the process itself: a tracer around it ends with it. Idempotent. */
  async kill(): Promise<void> {
    const started = this.#over || (await this.says("pid"));
    if (!this.#over && started) process.kill(Number(this.said("pid")[0]), "SIGKILL");
    await this.ended();
  }

  /** So that a test that fails leaves no process behind. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  /** What follows on the lines that begin so. */
  said(start: string): readonly string[] {
    return this.lines.filter((line) => line.startsWith(`${start} `)).map((line) => line.slice(start.length + 1));
  }

  #wake(): void {
    this.#heard.resolve();
    this.#heard = Promise.withResolvers<void>();
  }
}

let present: Promise<boolean> | undefined;

/**
 * The command before the command that makes system calls of a process fail. Where it is missing its tests fail and say how to
 * install it: what they test is not covered by anything else.
 */
export async function strace(options: readonly string[]): Promise<readonly string[]> {
  present ??= new Promise((resolve) => {
    const probe = spawn("strace", ["-V"], { stdio: "ignore" });
    probe.on("error", () => resolve(false));
    probe.on("close", (code) => resolve(code === 0));
  });
  assert(await present, "this test makes system calls fail with strace, which is missing: sudo apt-get install strace");
  return ["strace", "-f", "-qqq", "-o", "/dev/null", ...options];
}

/** Ids of every record by partition, through the store. Checks density and whole rows on the way. */
export async function storedIds(directory: string): Promise<readonly (readonly string[])[]> {
  await using journal = await new SqliteJournalStore(directory, { log: () => {} }).open(service, 4);
  const ids: (readonly string[])[] = [];
  for (let p = 0; p < journal.meta.partitions; p++) ids.push(idsOf(await readAll(journal, p)));
  return ids;
}

/** `alone`: one appends at a time, so that nobody is fenced. What was appended is there, once and where it was said to be; what was denied is not there. */
export function checkAccount(processes: readonly ProcessUnderTest[], stored: readonly (readonly string[])[], alone = true): void {
  const all = stored.flat();
  assert.equal(new Set(all).size, all.length, "nothing is there twice");
  const appends = new Set(all.map((id) => id.split(".").slice(0, 2).join(".")));
  for (const under of processes) {
    for (const line of under.said("+")) {
      const [id, ...rows] = line.split(" ");
      for (const row of rows) {
        const [p, offset, count] = row.split(":").map(Number) as [number, number, number];
        const expected = Array.from({ length: count }, (_, i) => `${id}.${p}.${i}`);
        assert.deepEqual(stored[p]?.slice(offset, offset + count), expected, `${id} was acknowledged`);
      }
    }
    for (const line of under.said("-")) assert(!appends.has(line.split(" ")[0] as string), `${line}: it was denied`);
    assert(!alone || !under.lines.some((line) => line.startsWith("~ append")), "nobody else appends");
  }
}
