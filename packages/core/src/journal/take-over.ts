import type { Journal } from "./journal.ts";

/** Commits a newer epoch. An answer that was lost is no obstacle: the epoch it left behind is taken from there. */
export async function takeOver(journal: Journal, partition: number, seen: number): Promise<number> {
  for (;;) {
    const { taken, epoch } = await journal.takeOver(partition, seen);
    if (taken) return epoch;
    seen = epoch;
  }
}

/** What became of a grant; `epoch`: the present one, if the grant is used up. */
export type Acquired = { readonly taken: true } | { readonly taken: false; readonly epoch: number };

/** Sets the epoch to the granted one, whoever was faster below it. */
export async function takeGranted(journal: Journal, partition: number, seen: number, granted: number): Promise<Acquired> {
  while (seen < granted) {
    const { taken, epoch } = await journal.takeOver(partition, seen, granted);
    if (taken) return { taken };
    seen = epoch;
  }
  return { taken: false, epoch: seen };
}
