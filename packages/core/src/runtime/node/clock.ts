// The machine's clocks.
import type { Clock } from "../runtime.ts";

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
