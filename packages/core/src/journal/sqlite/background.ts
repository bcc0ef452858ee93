// What the worker does between commits: reads, and index updates. Each is a task that runs in slices.
import { unreachable } from "../../base/assert.ts";
import type { LogFile } from "./log-file.ts";
import { cursors, deadLetters, discard, moveCursors, park } from "./log-delivery.ts";
import { alarms, lookup, quarantine, quarantined, release, storeIndex } from "./log-index.ts";
import { followChain, readPage, readRecords, type Slices } from "./log-read.ts";
import { type Ask, writing } from "./protocol.ts";

type Operation<Op extends Ask[0]> = Extract<Ask, readonly [Op, ...unknown[]]>;
type Read = Operation<"read" | "chain" | "records">;
type Brief = Exclude<Ask, Read | Operation<"serve" | "open" | "append" | "takeOver" | "close">>;
export type BackgroundAsk = Read | Brief;

export class Task {
  readonly id: number;
  /** Whether the outcome is open when the thread dies under it. */
  readonly writes: boolean;
  readonly #ask: BackgroundAsk;
  #slices: Slices<unknown> | undefined;
  #log: LogFile | undefined;

  constructor(id: number, ask: BackgroundAsk) {
    this.id = id;
    this.writes = writing.has(ask[0]);
    this.#ask = ask;
  }

  /** One slice. A task whose file was opened anew since the last one starts over. */
  next(log: LogFile): IteratorResult<void, unknown> {
    const ask = this.#ask;
    if (ask[0] !== "read" && ask[0] !== "chain" && ask[0] !== "records") return { done: true, value: run(log, ask) };
    if (this.#log !== log) this.#slices = slicesOf(log, ask);
    this.#log = log;
    return (this.#slices as Slices<unknown>).next();
  }
}

function slicesOf(log: LogFile, ask: Read): Slices<unknown> {
  switch (ask[0]) {
    case "read":
      return readPage(log, ask[1], ask[2], ask[3]);
    case "chain":
      return followChain(log, ask[1], ask[2], ask[3], ask[4], ask[5]);
    case "records":
      return readRecords(log, ask[1], ask[2]);
    default:
      return unreachable(ask, "the journal's worker");
  }
}

function run(log: LogFile, ask: Brief): unknown {
  switch (ask[0]) {
    case "partitions":
      return log.partitions;
    case "lookup":
      return lookup(log, ask[1], ask[2], ask[3]);
    case "index":
      return storeIndex(log, ask[1]);
    case "quarantined":
      return quarantined(log);
    case "quarantine":
      return quarantine(log, ask[1]);
    case "release":
      return release(log, ask[1], ask[2]);
    case "alarms":
      return alarms(log, ask[1], ask[2]);
    case "cursors":
      return cursors(log);
    case "moveCursors":
      return moveCursors(log, ask[1]);
    case "deadLetters":
      return deadLetters(log, ask[1], ask[2]);
    case "park":
      return park(log, ask[1]);
    case "discard":
      return discard(log, ask[1], ask[2]);
    default:
      return unreachable(ask, "the journal's worker");
  }
}
