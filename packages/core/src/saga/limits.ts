// Every bound of a saga, by name, with its reason.
import type { Backoff } from "../base/backoff.ts";

/** UTF-16 units of a name in a saga: it becomes part of a command id, which has 256. */
export const nameLengthMax = 190;

/** What one saga may journal going forward, signals included. It is read back whole; more is more than one saga's work. */
export const entriesMax = 10_000;

/** Time that a step is asked again, unless it says otherwise. */
export const retryForMs = 5 * 60_000;

export const retryBackoff: Backoff = { firstMs: 100, maxMs: 10_000 };

/** Until an apology is due, unless the definition says otherwise. */
export const apologyWithin = "7d";
