// A journal that does not answer must not hold up whoever asks for ever: after a while the question counts as failed, the
// answer that comes later changes nothing, and the asker asks again.
import type { Runtime } from "../runtime/index.ts";
import { JournalError } from "./journal.ts";

/** Rejects with an `ambiguous` JournalError if `operation` has not settled within `ms`. */
export function answerWithin<T>(runtime: Pick<Runtime, "timers">, ms: number, operation: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = runtime.timers.after(ms, () => reject(new JournalError("ambiguous", `the journal has not answered within ${ms} ms`)));
    operation.then(resolve, reject).finally(() => timer.cancel());
  });
}
