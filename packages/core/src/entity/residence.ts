// What an entity in memory needs of whoever keeps it there.
import type { LogWriter } from "../journal/index.ts";
import type { Deadlines, LogIdentity, Message } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { EntityKernel } from "./kernel.ts";
import type { EntityLimits } from "./limits.ts";

/** `R`: whoever is kept there. */
export interface Residence<R> {
  readonly service: string;
  readonly log: LogIdentity;
  readonly kernel: EntityKernel;
  readonly writer: LogWriter;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: EntityLimits;
  /** It has just worked. */
  used(resident: R): void;
  /** Its estimated size has changed by so much. */
  resized(bytes: number): void;
  /** It wants its turn to read its log. */
  restart(resident: R): void;
  /** It has nothing left to do. */
  remove(resident: R): void;
  /** It has failed; returns how often in a row, also across its absences from memory. */
  failed(key: string): number;
  succeeded(key: string): void;
  /** One instance for all equal names of streams. */
  readonly sharedStream: (stream: string) => string;
  /** It keeps failing. */
  quarantine(key: string, reason: string, offset: number | undefined): void;
  /** It does not run, and this came for it. */
  refuse(message: Message): void;
  /** Whether `key` may run is known; otherwise resolves once it has been read. Rejects with a `JournalError`. */
  whenKnown(partition: number): Promise<void> | undefined;
  isQuarantined(key: string): boolean;
  /** Its partition is not here any more, and this was certainly not applied. */
  giveBack(message: Message): void;
}
