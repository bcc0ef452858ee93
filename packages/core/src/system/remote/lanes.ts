// The lanes of one service (lane.ts): one for each partition of its log, one for the log's host, one for any instance, and one for each
// instance that something is for alone.
//
//  L4  forgotten  The lane of an instance goes when nothing is in it: each process that ever ran would leave one. What has something in it,
//                 or is no instance's, stays: there are no more of these than partitions, and two.
import { partitionOf } from "../../base/hash.ts";
import { type Goal, Lane, type Queued } from "./lane.ts";

export class Lanes<T extends Queued> {
  /** By partition, incarnation, or kind of the goal. */
  readonly #lanes = new Map<number | string, Lane<T>>();

  /** For what has this goal, where the service's log has so many partitions; 0: it has none, or it is not known yet. */
  of(goal: Goal, partitions: number): Lane<T> {
    const partition = goal.kind === "owner" && partitions > 0 ? partitionOf(goal.contract, goal.key, partitions) : undefined;
    const name = partition ?? (goal.kind === "node" ? goal.incarnation : goal.kind);
    let lane = this.#lanes.get(name);
    if (!lane && goal.kind === "node") this.#forgetIdle();
    if (!lane) this.#lanes.set(name, (lane = new Lane(goal, partition)));
    return lane;
  }

  /** Nothing was ever sent: asked before each message that is served here. */
  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** Nothing is, or may be, in the lane of the goal. */
  isQuiet(goal: Extract<Goal, { readonly kind: "owner" }>, partitions: number): boolean {
    return this.of(goal, partitions).idle && (this.#lanes.get(goal.kind)?.idle ?? true);
  }

  #forgetIdle(): void {
    for (const [name, { goal, idle }] of this.#lanes) if (goal.kind === "node" && idle) this.#lanes.delete(name);
  }
}
