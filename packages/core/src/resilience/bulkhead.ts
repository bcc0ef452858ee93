// The bulkhead of one dependency, as a pure machine: how many calls are under way and how many wait for one of them to end.
// Who waits, in which order and until when, its driver knows (dependency.ts). A dependency that hangs can then hold no more of
// the service than this: the other dependencies have theirs. After Nygard's bulkheads and Envoy's thresholds of concurrent and
// pending requests (ADR 0016).
//
// H1  At most `concurrency` calls are under way.
// H2  At most `waiting` wait; who comes beyond is refused at once.
// H3  Nobody waits while there is room: whoever starts or leaves makes no room that stays empty, and nobody overtakes.
import { assert, unreachable } from "../base/assert.ts";

export interface BulkheadPolicy {
  readonly concurrency: number;
  readonly waiting: number;
}

export interface BulkheadState {
  readonly running: number;
  readonly waiting: number;
}

/** A call arrives; one under way has ended; one that waits gives up. */
export type BulkheadInput = "arrive" | "end" | "leave";

/** For the one who arrived: start, wait or be refused. `next`: whoever has waited longest starts. */
export type BulkheadEffect = "start" | "wait" | "refuse" | "next" | "nothing";

export const emptyBulkhead: BulkheadState = { running: 0, waiting: 0 };

export function stepBulkhead(policy: BulkheadPolicy, state: BulkheadState, input: BulkheadInput): readonly [BulkheadState, BulkheadEffect] {
  const { running, waiting } = state;
  switch (input) {
    case "arrive":
      if (running < policy.concurrency) return [{ running: running + 1, waiting }, "start"];
      return waiting < policy.waiting ? [{ running, waiting: waiting + 1 }, "wait"] : [state, "refuse"];
    case "end":
      assert(running > 0, "a call that ends was under way");
      return waiting > 0 ? [{ running, waiting: waiting - 1 }, "next"] : [{ running: running - 1, waiting }, "nothing"];
    case "leave":
      assert(waiting > 0, "a call that leaves was waiting");
      return [{ running, waiting: waiting - 1 }, "nothing"];
    default:
      return unreachable(input, "a bulkhead");
  }
}
