// The sagas of one contract that are parked or owe an apology, as far as they live here: what health, metrics and lists of an
// operator count.
import { openApologies, type SagaState } from "../../saga/index.ts";

export class Attention {
  readonly #max: number;
  readonly #states = new Map<string, SagaState>();

  /** Of more than `max`, those that were told of longest ago are counted no longer. */
  constructor(max: number) {
    this.#max = max;
  }

  /** By key. */
  get states(): ReadonlyMap<string, SagaState> {
    return this.#states;
  }

  /** What is known of a saga has changed. Returns what was known before, if it needed somebody then. */
  changed(key: string, state: SagaState): SagaState | undefined {
    const before = this.#states.get(key);
    this.#states.delete(key);
    if (state.phase === "parked" || openApologies(state).length > 0) this.#states.set(key, state);
    const [oldest] = this.#states.size > this.#max ? this.#states.keys() : [];
    if (oldest !== undefined) this.#states.delete(oldest);
    return before;
  }

  forget(of: (key: string) => boolean): void {
    for (const key of this.#states.keys()) if (of(key)) this.#states.delete(key);
  }

  count(of: "parked" | "owed" | "overdue", nowMs: number): number {
    let count = 0;
    for (const state of this.#states.values()) {
      if (of === "parked") count += state.phase === "parked" ? 1 : 0;
      else for (const { due } of openApologies(state)) count += of === "owed" || due < nowMs ? 1 : 0;
    }
    return count;
  }
}
