// A record on its way into the log, and whoever submitted it: what a log writer and its users say of each other.
import type { JournalError } from "./journal.ts";
import type { LogRecord } from "./record.ts";

export interface Submission {
  readonly sink: Sink;
  readonly partition: number;
  readonly offset: number;
  readonly record: LogRecord;
  readonly line: string;
  /** Set when the record is void for a reason of its own; without it the sink may submit it anew. */
  failure: JournalError | undefined;
}

export interface Sink {
  committed(submission: Submission): void;
  /**
   * All submissions not yet committed are void. `doubted`: after an outcome that was open, not through others' failure, nor because
   * the partition is somebody else's now.
   */
  rewind(doubted: boolean): void;
  /** The partition takes submissions again after `admits` was false. */
  resume(): void;
}
