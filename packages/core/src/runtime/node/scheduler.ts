// Hand-overs on Node's own queues: `soon` is a microtask, `endOfTurn` the check phase of the event loop, which comes
// after everything that the poll phase delivered and all microtasks of it. A task that throws is reported and the
// others go on.
//
// One microtask runs all tasks that were handed over until it came: Node makes an object to trace each one by, which
// costs more than most tasks. What these hand over themselves goes into the next, so that they cannot keep out the
// microtasks of others.
import type { Scheduler } from "../runtime.ts";

export function nodeScheduler(uncaught: (error: unknown) => void): Scheduler {
  const run = (task: () => void): void => {
    try {
      task();
    } catch (error) {
      uncaught(error);
    }
  };
  let handedOver: (() => void)[] = [];
  const drain = (): void => {
    const tasks = handedOver;
    handedOver = [];
    let next = 0;
    try {
      while (next < tasks.length) run(tasks[next++] as () => void);
    } finally {
      for (const task of tasks.slice(next)) soon(task); // only if the report of a failure failed itself
    }
  };
  const soon = (task: () => void): void => {
    if (handedOver.push(task) === 1) queueMicrotask(drain);
  };
  return {
    soon,
    endOfTurn: (task) => void setImmediate(run, task),
  };
}
