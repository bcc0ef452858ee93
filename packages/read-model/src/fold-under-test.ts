// What the read model of shop-under-test.ts must hold: the fold of the log, without SQL, without batches, without positions.
import type { LogUnderTest } from "./log-under-test.ts";

export type OrderRow = { readonly id: string; readonly customer: string; readonly cents: number; readonly changes: number };

interface Placed {
  readonly customer: string;
  readonly cents: number;
}

/** Rows by id, those without the keys of `without`. */
export function foldOf(log: LogUnderTest, without: ReadonlySet<string> = new Set()): readonly OrderRow[] {
  const rows = new Map<string, OrderRow>();
  for (const { key, name, data } of log.partitions.flat(2)) {
    if (without.has(key)) continue;
    const row = rows.get(key);
    if (name === "Placed") rows.set(key, { id: key, ...(data as Placed), changes: 0 });
    else if (name === "Cancelled") rows.delete(key);
    else if (name === "Changed" && row) {
      rows.set(key, { ...row, cents: row.cents + (data as { readonly by: number }).by, changes: row.changes + 1 });
    }
  }
  return [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

export const totalOf = (rows: readonly OrderRow[]): { readonly orders: number; readonly cents: number } => ({
  orders: rows.length,
  cents: rows.reduce((sum, { cents }) => sum + cents, 0),
});
