// What every implementation of a contract has in common. Each kind has a room of its own (entity/, handlers/, saga/).
import type { AnyContract } from "./reference.ts";

export interface Implementation {
  readonly kind: "entity" | "handlers" | "adapter" | "readModel" | "saga";
  readonly contract: AnyContract;
}

/** Where and when user code runs. */
export interface Moment {
  /** Key of the entity; "" for a contract without one. */
  readonly key: string;
  /** Number of the entity's events so far; 0 for a contract without a key. */
  readonly version: number;
  /** Wall clock, ms since 1970. For an entity: of the decision, and the same again on every replay. */
  readonly now: number;
  /** Service that called. */
  readonly caller: string;
}
