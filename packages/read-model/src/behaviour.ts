// A read model's functions as code that serves all read models sees them: complete, with the types that the definition proved
// taken off.
import type { AnyTopicRef, Moment, Table } from "@atoll/core/contract";
import type { AnyEntity } from "@atoll/core/entity";
import type { Statement } from "@atoll/core/tables";

/** The statements of one event, by its data. */
export type Reaction = (db: unknown, data: unknown, at: Moment) => unknown;

export interface ReadModelBehaviour {
  readonly version: number;
  /** What makes the tables. */
  readonly create: readonly Statement[];
  readonly from: Table<AnyEntity | AnyTopicRef>;
  /** By source, then by event; for a topic under its own name. */
  readonly on: Table<Table<Reaction>>;
  readonly queries: Table<(db: unknown, input: unknown, q: unknown) => unknown>;
}
