// SIGTERM and SIGINT, which ask a running system to stop. The first one is a request, the next ends the process at once:
// everything acknowledged is on disk, so nothing is lost by that but answers.
import { constants } from "node:os";

const signals = ["SIGTERM", "SIGINT"] as const;
export type StopSignal = (typeof signals)[number];

/**
 * Ctrl-C reaches every process of a terminal, and npm hands what it gets to the script it runs: the same signal again
 * within this time (ms) is the same keystroke.
 */
const sameKeystrokeMs = 500;

/** Takes the signals from now on, for the rest of the process's life. Resolves with the first. */
export function stopRequested(): Promise<StopSignal> {
  return new Promise((resolve) => {
    let first: { readonly signal: StopSignal; readonly atMs: number } | undefined;
    const take = (signal: StopSignal): void => {
      const atMs = performance.now();
      if (!first) {
        first = { signal, atMs };
        resolve(signal);
      } else if (signal !== first.signal || atMs - first.atMs > sameKeystrokeMs) {
        process.exit(128 + constants.signals[signal]);
      }
    };
    for (const signal of signals) process.on(signal, take);
  });
}
