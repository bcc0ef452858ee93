// What an entity remembers of the commands it has answered: enough to know a repeated one again, bounded, and safe by
// refusal (ADR 0005). A receipt is three numbers, the answer itself stays in the log (ADR 0012): memory holds a hundred
// times as many entities as it would with ids and answers. An id whose receipt was forgotten is refused as TOO_OLD, never
// applied again:
//   - an id that carries its minting time is compared with the floor, the highest minting time that was forgotten; clock
//     skew costs availability then, not safety;
//   - an id in free form has no time of its own: of those, hashes are kept, `forgottenPerReceipt` times as many.
//
//  R1  A command id with a minting time is applied at most once; one in free form at most once among its entity's newest
//      `max` * (1 + forgottenPerReceipt) commands.
//  R2  The receipts after replaying a log are those the entity had when it wrote it: they are folded like the state. What is not committed
//      makes nothing forgotten: whatever turns out not to be in the log has left no trace.
//  R3  Two ids with one hash are never both applied: the second finds the first's record, whose id is another, and is
//      refused.
import { hash53 } from "../base/hash.ts";

/** What a receipt is made of. */
export interface Identity {
  /** Command id. */
  readonly id: string;
  /** Wall clock ms at which it was minted. */
  readonly minted: number;
  /** The id is in free form: `minted` is when it came, and says nothing about a repetition. */
  readonly timeless?: boolean;
}

/** As snapshots keep them. */
export interface StoredReceipts {
  readonly floor: number | null;
  /** Hashes of ids, oldest first. */
  readonly forgotten: readonly number[];
  /** Hash, minting time (null for an id in free form) and offset of each, one after the other, oldest first. */
  readonly receipts: readonly (number | null)[];
}

const forgottenPerReceipt = 4;
/** Numbers of one receipt: hash of the id, minting time or NaN, offset of the record. */
const width = 3;
const slotsMin = 4;
/** So few are looked through faster than an index is kept, and at a tenth of its memory. */
const scannedMax = 64;
/** Of one entry of a Map or Set of numbers: seen on V8. */
const indexEntryBytes = 40;

export class Receipts {
  readonly #max: number;
  /** A ring; grows by doubling up to `max`, and a little for what is open beside. Plain doubles: a typed array costs 250 B more before it holds anything. */
  #slots: number[] = [];
  /** Receipts added so far. One with the number n lies in slot n modulo the size of the ring. */
  #added = 0;
  #kept = 0;
  /** The newest, whose records are not committed: kept beside `max` others. */
  #open = 0;
  /** Numbers by hash, once there are more than `scannedMax`. */
  #index: Map<number, number> | undefined;
  /** The highest minting time that was forgotten: every timed id at or below it may have been used. */
  #floor = Number.NEGATIVE_INFINITY;
  /** Hashes of free-form ids that were forgotten, oldest first. */
  #forgotten: Set<number> | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** What they occupy, about. */
  get bytes(): number {
    return this.#slots.length * 8 + ((this.#index?.size ?? 0) + (this.#forgotten?.size ?? 0)) * indexEntryBytes;
  }

  get size(): number {
    return this.#kept;
  }

  /** Offset of the record of the command with this id, or of another with the same hash (R3); undefined if there is none. */
  find(id: string): number | undefined {
    if (this.#kept === 0) return undefined;
    const number = this.#numberOf(hash53(id));
    return number === undefined ? undefined : this.#slots[this.#place(number) + 2];
  }

  /** Only for ids without a receipt: whether such a one may nevertheless have been applied. */
  hasForgotten({ id, minted, timeless }: Identity): boolean {
    return timeless ? this.#forgotten !== undefined && this.#forgotten.has(hash53(id)) : minted <= this.#floor;
  }

  /** The command's record is on its way to the log. */
  add({ id, minted, timeless }: Identity, offset: number): void {
    this.#push(hash53(id), timeless ? Number.NaN : minted, offset);
    this.#open += 1;
  }

  /** The record of the oldest that was added and not committed is in the log. */
  committed(): void {
    this.#open -= 1;
    if (this.#kept - this.#open > this.#max) this.#forgetOldest();
  }

  /** Nothing that was added and not committed is in the log. */
  rewind(): void {
    for (; this.#open > 0; this.#open--) {
      this.#added -= 1;
      this.#kept -= 1;
      this.#index?.delete(this.#slots[this.#place(this.#added)] as number);
    }
  }

  /** Of what is committed. */
  store(): StoredReceipts {
    const receipts: (number | null)[] = [];
    for (let number = this.#added - this.#kept; number < this.#added - this.#open; number++) {
      const place = this.#place(number);
      const minted = this.#slots[place + 1] as number;
      receipts.push(this.#slots[place] as number, Number.isNaN(minted) ? null : minted, this.#slots[place + 2] as number);
    }
    return { floor: Number.isFinite(this.#floor) ? this.#floor : null, forgotten: [...(this.#forgotten ?? [])], receipts };
  }

  static restore(max: number, { floor, forgotten, receipts }: StoredReceipts): Receipts {
    const restored = new Receipts(max);
    restored.#grow(receipts.length / width);
    restored.#floor = floor ?? Number.NEGATIVE_INFINITY;
    if (forgotten.length > 0) restored.#forgotten = new Set(forgotten);
    for (let i = 0; i < receipts.length; i += width) {
      restored.#push(receipts[i] as number, receipts[i + 1] ?? Number.NaN, receipts[i + 2] as number);
      if (restored.#kept > max) restored.#forgetOldest(); // fewer are kept than when it was stored
    }
    return restored;
  }

  #push(hash: number, minted: number, offset: number): void {
    if (this.#kept * width === this.#slots.length) this.#grow(this.#kept + 1);
    const place = this.#place(this.#added);
    this.#slots[place] = hash;
    this.#slots[place + 1] = minted;
    this.#slots[place + 2] = offset;
    if (this.#index) this.#index.set(hash, this.#added);
    this.#added += 1;
    this.#kept += 1;
    if (!this.#index && this.#kept > scannedMax) this.#index = this.#indexed();
  }

  #numberOf(hash: number): number | undefined {
    if (this.#index) return this.#index.get(hash);
    for (let number = this.#added - 1; number >= this.#added - this.#kept; number--)
      if (this.#slots[this.#place(number)] === hash) return number;
    return undefined;
  }

  #place(number: number): number {
    return (number % (this.#slots.length / width)) * width;
  }

  /** Makes room for `count`. */
  #grow(count: number): void {
    const before = this.#slots;
    const oldest = this.#added - this.#kept;
    const places = this.#kept === 0 ? [] : Array.from({ length: this.#kept }, (_, i) => this.#place(oldest + i));
    let slots = Math.max(slotsMin, before.length / width);
    while (slots < Math.min(count, this.#max)) slots *= 2;
    slots = Math.min(slots, this.#max);
    for (let open = slotsMin; slots < count; open *= 2) slots = this.#max + open;
    this.#slots = new Array<number>(slots * width).fill(Number.NaN);
    for (let i = 0; i < places.length; i++) {
      const from = places[i] as number;
      const to = this.#place(oldest + i);
      for (let j = 0; j < width; j++) this.#slots[to + j] = before[from + j] as number;
    }
  }

  #indexed(): Map<number, number> {
    const index = new Map<number, number>();
    for (let number = this.#added - this.#kept; number < this.#added; number++)
      index.set(this.#slots[this.#place(number)] as number, number);
    return index;
  }

  #forgetOldest(): void {
    const place = this.#place(this.#added - this.#kept);
    const hash = this.#slots[place] as number;
    const minted = this.#slots[place + 1] as number;
    this.#kept -= 1;
    this.#index?.delete(hash);
    if (!Number.isNaN(minted)) {
      this.#floor = Math.max(this.#floor, minted);
      return;
    }
    this.#forgotten ??= new Set();
    this.#forgotten.add(hash);
    if (this.#forgotten.size <= this.#max * forgottenPerReceipt) return;
    for (const oldest of this.#forgotten) {
      this.#forgotten.delete(oldest);
      return;
    }
  }
}
