// Every bound of the delivery of tells, by name, with its reason.
import type { Backoff } from "../base/backoff.ts";

export interface SubscriptionLimits {
  /** Characters of a log read at a time, of each stream: what it holds in memory of it. */
  readonly pageBytes: number;
  /** Told and not done with, of each stream; beyond, the stream reads no further. With 16 streams below the mailbox of handlers. */
  readonly tellsOpenMax: number;
  /** Messages, of each stream, that may be done with before the oldest is: what is told again after a crash. */
  readonly messagesAheadMax: number;
  /** For an answer; then it is told again, at the same place. */
  readonly withinMs: number;
  /** Between two tries of one tell, two reads of a log that fail, two writes that fail. */
  readonly again: Backoff;
  /** How long a stream that is to be delivered elsewhere waits for what was sent; what has no answer by then is told again there. */
  readonly leaveWithinMs: number;
  /** How far cursors may lag behind what is done. */
  readonly cursorDelayMs: number;
}

export const subscriptionLimits: SubscriptionLimits = {
  pageBytes: 2 ** 17,
  tellsOpenMax: 256,
  messagesAheadMax: 4_096,
  withinMs: 30_000,
  again: { firstMs: 50, maxMs: 10_000 },
  leaveWithinMs: 2_000,
  cursorDelayMs: 1_000,
};
