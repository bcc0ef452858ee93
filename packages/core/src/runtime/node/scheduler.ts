// Hand-overs on Node's own queues: `soon` is a microtask, `endOfTurn` the check phase of the event loop, which comes
// after everything that the poll phase delivered and all microtasks of it. A task that throws is reported and the
// others go on.
import type { Scheduler } from "../runtime.ts";

export function nodeScheduler(uncaught: (error: unknown) => void): Scheduler {
  const run = (task: () => void): void => {
    try {
      task();
    } catch (error) {
      uncaught(error);
    }
  };
  return {
    soon: (task) => queueMicrotask(() => run(task)),
    endOfTurn: (task) => void setImmediate(run, task),
  };
}
