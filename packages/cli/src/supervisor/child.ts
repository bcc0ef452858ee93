// A process that runs one node, as its supervisor holds it: what it is told, what it is asked, what it prints, and its end, which is
// told exactly once, and last.
import type { Logger } from "@atoll/core/runtime";
import { type ChildProcess, spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../command-error.ts";
import type { DirectoryEntries, FromNode, ToNode } from "./channel.ts";
import { LogRelay } from "./log-relay.ts";

export interface ChildInit {
  readonly of: { readonly node: string; readonly service: string };
  readonly logger: Logger;
  /** Takes a line of its log. */
  readonly write: (line: string) => void;
  readonly running: (url: string) => void;
  readonly signalled: () => void;
  readonly refused: (why: string) => void;
  readonly ended: (how: string) => void;
}

/** The source when run unbuilt, its compiled form otherwise. */
const program = fileURLToPath(new URL(`./node-process${extname(import.meta.url)}`, import.meta.url));

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
  #news: DirectoryEntries | undefined;
  #telling = false;

  constructor(init: ChildInit) {
    this.#init = init;
    const cache = getCompileCacheDir();
    const env = cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache };
    const child = spawn(process.execPath, [...process.execArgv, program], { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
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

  tellDirectory(entries: DirectoryEntries): void {
    this.#news = entries;
    this.#tellNews();
  }

  /** Rejects with a `CommandError` if it refuses, or ends before it answers. */
  ask(verb: string, input: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#gone());
      const n = (this.#last += 1);
      this.#asked.set(n, { resolve, reject });
      this.send({ kind: "ask", n, verb, ...(input === undefined ? {} : { input }) });
    });
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  #tellNews(): void {
    const entries = this.#news;
    if (this.#telling || !entries) return;
    this.#news = undefined;
    this.#telling = true;
    this.send({ kind: "directory", entries }, () => {
      this.#telling = false;
      this.#tellNews();
    });
  }

  #heard(message: FromNode): void {
    if (message.kind === "running") return this.#init.running(message.url);
    if (message.kind === "signalled") return this.#init.signalled();
    if (message.kind === "refused") return this.#init.refused(message.why);
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
