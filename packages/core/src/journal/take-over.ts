import type { Journal } from "./journal.ts";

/** Commits a newer epoch. An answer that was lost is no obstacle: the epoch it left behind is taken from there. */
export async function takeOver(journal: Journal, partition: number, seen: number): Promise<number> {
  for (;;) {
    const { taken, epoch } = await journal.takeOver(partition, seen);
    if (taken) return epoch;
    seen = epoch;
  }
}
