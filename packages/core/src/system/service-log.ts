// The log of one service: opened at start by those that keep state, and by the others when they first need one.
import { JournalError, journalFailure, LogWriter, logWriterLimits, type Journal, type JournalStore } from "../journal/index.ts";
import type { Runtime } from "../runtime/index.ts";

export interface OpenLog {
  readonly journal: Journal;
  readonly writer: LogWriter;
}

export interface ServiceLogInit {
  readonly service: string;
  readonly partitions: number;
  readonly journals: JournalStore;
  readonly runtime: Runtime;
  /** Other nodes have it open as well; told once it is open, and owns nothing. */
  readonly shared: ((writer: LogWriter) => void) | undefined;
}

export class ServiceLog {
  readonly #service: string;
  readonly #partitions: number;
  readonly #journals: JournalStore;
  readonly #runtime: Runtime;
  readonly #shared: ServiceLogInit["shared"];
  #opening: Promise<OpenLog> | undefined;
  #opened: OpenLog | undefined;
  #closed = false;

  constructor({ service, partitions, journals, runtime, shared }: ServiceLogInit) {
    this.#shared = shared;
    this.#service = service;
    this.#partitions = partitions;
    this.#journals = journals;
    this.#runtime = runtime;
    this.#shared = shared;
  }

  get writer(): LogWriter | undefined {
    return this.#opened?.writer;
  }

  /** Whether it was ever opened, in this life of the process or an earlier one. */
  exists(): Promise<boolean> {
    return this.#opened ? Promise.resolve(true) : this.#journals.exists(this.#service);
  }

  /** Rejects with a `Failure`; asking again tries again. */
  open(): Promise<OpenLog> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<OpenLog> {
    const journal = await this.#journals.open(this.#service, this.#partitions);
    try {
      const writer = await LogWriter.open(this.#service, journal, this.#runtime, logWriterLimits, this.#shared ? "granted" : "all");
      if (this.#closed) throw new JournalError("failed", "the system has stopped");
      this.#opened = { journal, writer };
      this.#shared?.(writer);
      return this.#opened;
    } catch (error) {
      await journal[Symbol.asyncDispose]();
      throw this.failure(error);
    }
  }

  /** What a caller hears of an error of this log; what is none of it, as it is. */
  failure(error: unknown): unknown {
    return error instanceof JournalError ? journalFailure(error, `service "${this.#service}"`) : error;
  }

  /** Waits until nothing is on its way to it. */
  async drain(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.writer?.drain();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined);
    this.writer?.tail.stop();
    await this.#opened?.journal[Symbol.asyncDispose]();
  }
}
