// Loaded with `--import` in front of each file of tests by `npm test` and `npm run sim`: node:test follows every promise through
// async hooks, only so that an error that nobody catches is put to the test that made the promise. That costs a third of the time of
// whatever makes promises, and simulations make them by the million. Without it such an error still fails its file; it is printed
// with its stack here, and a simulation that fails prints the command without the test's name, which the check prints beside it.
// `node --test FILE` follows promises as ever, and names the test.
//
// If node:test comes to do it in another way, nothing is lost but time: test-process.os.test.ts says so.
import { createHook } from "node:async_hooks";
import process from "node:process";
import { isMainThread } from "node:worker_threads";

const file = process.argv[1] ?? "";
/** What runs no tests itself (a process that a test starts with the same options), and what tests that a simulation names the test that it is in. */
const isLeftAlone = !isMainThread || !file.endsWith(".test.ts") || file.includes("/packages/testkit/");
if (!isLeftAlone) {
  const hooks = Object.getPrototypeOf(createHook({})) as { enable: (this: object) => object };
  const { enable } = hooks;
  hooks.enable = function enableUnlessOfTheRunner() {
    if (!new Error("who asks").stack?.includes("node:internal/test_runner/")) return enable.call(this);
    hooks.enable = enable; // there is one of them
    process.on("uncaughtExceptionMonitor", (error) => console.error(error));
    process.on("unhandledRejection", (error) => {
      console.error(error);
      process.exitCode = 1; // which the runner says too, as long as it is there
    });
    return this;
  };
}
