// A process that runs one node, as its supervisor holds it: what it is told, what it is asked, what it prints, and its end, which is
// told exactly once, and last.
import type { NodeReport } from "@atoll/core/cluster";
import type { Logger } from "@atoll/core/runtime";
import { type ChildProcess, spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../command-error.ts";
import type { DirectoryEntries, FromNode, ToNode } from "./channel.ts";
import { endingWithParent } from "./ending-with-parent.ts";
import { LogRelay } from "./log-relay.ts";

export interface ChildInit {
  readonly of: { readonly node: string; readonly service: string };
  readonly logger: Logger;
  /** Takes a line of its log. */
  readonly write: (line: string) => void;
  readonly running: (url: string) => void;
  readonly beat: () => void;
  readonly report: (report: NodeReport) => void;
  /** It knows of a newer directory. */
  readonly told: () => void;
  readonly signalled: () => void;
  readonly refused: (why: string) => void;
  readonly ended: (how: string) => void;
}

/** The source when run unbuilt, its compiled form otherwise. */
const program = fileURLToPath(new URL(`./node-process${extname(import.meta.url)}`, import.meta.url));

/** As long as whoever asks at the control socket waits. */
const answerWithinMs = 10_000;

/** MB of a half of the young generation (ADR 0042); another size on the supervisor's own command line comes later, and counts. */
const youngHalf = "--max-semi-space-size=16";

export class Child {
  /** 0 if it could not be started. */
  readonly pid: number;
  readonly startedMs = performance.now();
  readonly #init: ChildInit;
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>();
  #last = 0;
  #ended = false;
  /** The newest directory that is not under way yet; while one is, no other is sent: a process that reads nothing costs no more than two. */
  #news: { readonly version: number; readonly entries: DirectoryEntries } | undefined;
  #telling = false;
  #known = 0;

  constructor(init: ChildInit) {
    this.#init = init;
    const cache = getCompileCacheDir();
    const env = cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache };
    const start = endingWithParent(process.execPath, [youngHalf, ...process.execArgv, program]);
    const child = spawn(start.program, start.args, { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    this.#process = child;
    this.pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      const relay = new LogRelay(init);
      stream?.setEncoding("utf8").on("data", (text: string) => relay.push(text));
      stream?.once("close", () => relay.end());
    }
    child.on("message", (message) => this.#heard(message as FromNode));
    child.once("error", (error) => this.#end(`it could not be started: ${error.message}`));
    child.once("exit", (code, signal) => this.#end(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`));
  }

  send(message: ToNode, then = (): void => {}): void {
    if (this.#ended || !this.#process.connected) return;
    this.#process.send(message, () => then()); // what fails here has ended, which is told by itself
  }

  /** Version of the directory that it goes by. */
  get known(): number {
    return this.#known;
  }

  tellDirectory(version: number, entries: DirectoryEntries): void {
    this.#news = { version, entries };
    this.#tellNews();
  }

  /** Rejects with a `CommandError` if it refuses, ends before it answers, or does not answer in time. */
  ask(verb: string, input: unknown, withinMs = answerWithinMs): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#gone());
      const n = (this.#last += 1);
      const late = setTimeout(() => {
        this.#asked.delete(n);
        reject(new CommandError(`node "${this.#init.of.node}" did not answer within ${withinMs / 1_000} s`));
      }, withinMs);
      const over =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(late);
          settle(value);
        };
      this.#asked.set(n, { resolve: over(resolve), reject: over(reject) });
      this.send({ kind: "ask", n, verb, ...(input === undefined ? {} : { input }) });
    });
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  #tellNews(): void {
    const news = this.#news;
    if (this.#telling || !news) return;
    this.#news = undefined;
    this.#telling = true;
    this.send({ kind: "directory", ...news }, () => {
      this.#telling = false;
      this.#tellNews();
    });
  }

  #heard(message: FromNode): void {
    const { beat, running, report, signalled, refused, told } = this.#init;
    if (message.kind === "beat") return beat();
    if (message.kind === "told") {
      this.#known = message.version;
      return told();
    }
    if (message.kind === "running") return running(message.url);
    if (message.kind === "report") return report(message.report);
    if (message.kind === "signalled") return signalled();
    if (message.kind === "refused") return refused(message.why);
    const asked = this.#asked.get(message.n);
    this.#asked.delete(message.n);
    if (message.kind === "answer") asked?.resolve(message.value);
    else if (message.how === "broke") asked?.reject(new TypeError(message.message));
    else asked?.reject(new CommandError(message.message, { elsewhere: message.how === "elsewhere" }));
  }

  #end(how: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { reject } of this.#asked.values()) reject(this.#gone());
    this.#asked.clear();
    this.#init.ended(how);
  }

  #gone(): CommandError {
    return new CommandError(`the process of service "${this.#init.of.service}" has ended before it answered: ask again`);
  }
}
