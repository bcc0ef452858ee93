// Waiting for something no longer than so long, and letting it go on.
import type { Timers } from "@atoll/core/runtime";

/** What `promise` resolves to, wrapped; undefined if that takes longer. Rejects as it does. */
export async function atMost<T>(timers: Timers, ms: number, promise: Promise<T>): Promise<{ readonly value: T } | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = timers.after(Math.max(0, ms), () => resolve(undefined));
  try {
    return await Promise.race([promise.then((value) => ({ value })), late]);
  } finally {
    timer.cancel();
  }
}
