// Every bound of the log host and of those who append through it, by name. Both ends of a link are of one version of this
// package or of two whose protocol is the same: what the asking end keeps within, the host enforces.
import type { Backoff } from "../../base/backoff.ts";

export interface LogHostLimits {
  /** Characters of a message that goes as it is; a longer one goes in parts. */
  readonly wholeCharsMax: number;
  /** Of a part, before it is quoted, which at most doubles what a JSON text has. */
  readonly partCharsMax: number;
  /** Of one request or answer: a row of 64 MiB, quoted. */
  readonly textCharsMax: number;
  /** Requests of a link that are sent and not answered. */
  readonly openMax: number;
  /** Their characters together; a single one may have more. */
  readonly openCharsMax: number;
  /** Requests of a node beyond these, which wait for their turn or for a host; further ones fail. */
  readonly waitingMax: number;
  /** Hosts in a row that a request which may be repeated is asked of: one that none of them answers may be what ends their links. */
  readonly hostsMax: number;
  /** A link that was lost before counts as a failure to make it. */
  readonly steadyMs: number;
  /** Characters of answers of a link that are being read from the log or wait for room; a single one may have more. */
  readonly answersCharsMax: number;
  /** Bytes of one page of the log, whatever is asked for. */
  readonly pageBytesMax: number;
  /** Entries that one request may name or ask for. */
  readonly entriesMax: number;
  /** Before a host that could not be reached, or a log that could not be opened, is tried again. */
  readonly reconnect: Backoff;
  /** For the first answer of a log that was opened; one that does not come in time is opened anew. */
  readonly firstAnswerMs: number;
  /** How long the first opening of a log that another process has open waits for the end of that process. */
  readonly inUseMs: number;
}

export const logHostLimits: LogHostLimits = {
  wholeCharsMax: 512 * 2 ** 10,
  partCharsMax: 256 * 2 ** 10,
  textCharsMax: 160 * 2 ** 20,
  openMax: 1_024,
  openCharsMax: 16 * 2 ** 20,
  waitingMax: 10_000,
  hostsMax: 8,
  steadyMs: 1_000,
  answersCharsMax: 16 * 2 ** 20,
  pageBytesMax: 4 * 2 ** 20,
  entriesMax: 1_000_000,
  reconnect: { firstMs: 10, maxMs: 500 },
  firstAnswerMs: 15_000,
  inUseMs: 10_000,
};
