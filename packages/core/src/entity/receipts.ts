// What an entity remembers of the commands it has answered: enough to answer a repeated one the same way, bounded, and
// safe by refusal (ADR 0005). An id whose answer was forgotten is refused as TOO_OLD, never applied again:
//   - an id that carries its minting time is compared with the floor, the highest minting time that was forgotten; clock
//     skew costs availability then, not safety;
//   - an id in free form has no time of its own: of those, fingerprints are kept, `forgottenPerReceipt` times as many.
//
//  R1  A command id with a minting time is applied at most once; one in free form at most once among its entity's newest
//      `max` * (1 + forgottenPerReceipt) commands.
//  R2  The receipts after replaying a log are those the entity had when it wrote it: they are folded like the state.
import { unreachable } from "../base/assert.ts";
import { fingerprint } from "../base/hash.ts";
import type { LogRecord } from "../journal/index.ts";
import type { Outcome } from "./kernel.ts";

/** The stored form of an outcome: what the implementation gave, not yet read by anybody's schema. */
export type StoredOutcome = { readonly reply: unknown } | { readonly rejected: readonly [name: string, details: unknown] };

export interface Receipt {
  readonly id: string;
  /** Wall clock ms at which the id was minted. */
  readonly minted: number;
  /** The id is in free form: `minted` is when it came, and says nothing about a repetition. */
  readonly timeless: boolean;
  /** Fingerprint of the input. */
  readonly input: string;
  readonly outcome: StoredOutcome;
}

const forgottenPerReceipt = 4;

/** As snapshots keep them. */
export interface StoredReceipts {
  readonly floor: number | null;
  readonly forgotten: readonly string[];
  readonly receipts: readonly Receipt[];
}

export class Receipts {
  readonly #max: number;
  readonly #byId = new Map<string, Receipt>();
  /** The highest minting time that was forgotten: every timed id at or below it may have been used. */
  #floor: number;
  /** Fingerprints of free-form ids that were forgotten, oldest first. */
  readonly #forgotten: Set<string>;

  constructor(max: number, floor = Number.NEGATIVE_INFINITY, forgotten: readonly string[] = []) {
    this.#max = max;
    this.#floor = floor;
    this.#forgotten = new Set(forgotten);
  }

  get(id: string): Receipt | undefined {
    return this.#byId.get(id);
  }

  /** Only for ids without a receipt: whether such a one may nevertheless have been applied. */
  hasForgotten({ id, minted, timeless }: Pick<Receipt, "id" | "minted" | "timeless">): boolean {
    return timeless ? this.#forgotten.size > 0 && this.#forgotten.has(fingerprint(id)) : minted <= this.#floor;
  }

  add(receipt: Receipt): void {
    this.#byId.set(receipt.id, receipt);
    if (this.#byId.size > this.#max) this.#forget(first(this.#byId.values()));
  }

  /** Takes back the receipt of a command that is certainly not in the log. */
  remove(id: string): void {
    this.#byId.delete(id);
  }

  /** Without those for which `leaveOut` holds: their records are not committed yet. */
  store(leaveOut: (id: string) => boolean): StoredReceipts {
    const receipts = [...this.#byId.values()].filter(({ id }) => !leaveOut(id));
    return { floor: Number.isFinite(this.#floor) ? this.#floor : null, forgotten: [...this.#forgotten], receipts };
  }

  static restore(max: number, { floor, forgotten, receipts }: StoredReceipts): Receipts {
    const restored = new Receipts(max, floor ?? Number.NEGATIVE_INFINITY, forgotten);
    for (const receipt of receipts) restored.add(receipt);
    return restored;
  }

  #forget({ id, minted, timeless }: Receipt): void {
    this.#byId.delete(id);
    if (!timeless) {
      this.#floor = Math.max(this.#floor, minted);
      return;
    }
    this.#forgotten.add(fingerprint(id));
    if (this.#forgotten.size > this.#max * forgottenPerReceipt) this.#forgotten.delete(first(this.#forgotten));
  }
}

function first<T>(items: Iterable<T>): T {
  for (const item of items) return item;
  return unreachable(undefined as never, "the first of nothing");
}

export const receiptOf = (record: LogRecord): Receipt => ({
  id: record.id,
  minted: record.minted,
  timeless: record.timeless ?? false,
  input: record.input,
  outcome: record.rejected ? { rejected: record.rejected } : { reply: record.reply },
});

/** The two fields of a record that say what was answered. */
export const storedOutcome = (outcome: Outcome): StoredOutcome =>
  outcome.kind === "reply" ? { reply: outcome.given } : { rejected: [outcome.name, outcome.given] };
