/** When a process has nothing to do with its start any more (ms): time to write down what the next start can reuse. */
export const settledMs = 2_000;
