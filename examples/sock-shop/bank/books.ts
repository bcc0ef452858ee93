// The bank's own books: one row per payment, on its own disk. What was answered is there after any crash, of the bank or of the
// shop. An outside party need not be built on Atoll, so this is plain SQLite.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** "void": refunded before it was charged. */
export interface Payment {
  readonly order: string;
  readonly customer: string;
  readonly cents: number;
  readonly status: "charged" | "refunded" | "void";
}

/** What the bank charges at most, in cents. */
const chargeCentsMax = 105_00;
/** Payments of one page of the books. */
const pageMax = 1_000;

export class Books {
  readonly #file: DatabaseSync;

  private constructor(file: DatabaseSync) {
    this.#file = file;
  }

  static open(path: string): Books {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    const file = new DatabaseSync(path, { timeout: 5_000 });
    file.exec("pragma journal_mode = wal; pragma synchronous = full");
    file.exec(`create table if not exists payment(
      "order" text primary key, customer text not null, cents integer not null, status text not null) strict, without rowid`);
    return new Books(file);
  }

  /** "charged" also if it was before; "void" if it was refunded, or is void: then no money moves. */
  charge(order: string, customer: string, cents: number): "charged" | "void" | "declined" | "differs" {
    const known = this.#payment(order);
    if (!known) {
      if (cents > chargeCentsMax) return "declined";
      this.#file.prepare("insert into payment values (?, ?, ?, 'charged')").run(order, customer, cents);
      return "charged";
    }
    if (known.status !== "charged") return "void";
    return known.customer === customer && known.cents === cents ? "charged" : "differs";
  }

  refund(order: string): void {
    this.#file
      .prepare(
        `insert into payment values (?, '', 0, 'void') on conflict("order") do update set status = 'refunded' where status = 'charged'`,
      )
      .run(order);
  }

  /** Sums over all payments; and payments by their order, after `after`, up to a page. */
  read(after: string): { readonly chargedCents: number; readonly refundedCents: number; readonly payments: readonly Payment[] } {
    const sums = this.#file
      .prepare(
        "select coalesce(sum(cents), 0) as charged, coalesce(sum(case status when 'refunded' then cents end), 0) as refunded from payment",
      )
      .get() as { readonly charged: number; readonly refunded: number };
    const payments = this.#file
      .prepare(`select "order", customer, cents, status from payment where "order" > ? order by "order" limit ?`)
      .all(after, pageMax) as unknown as readonly Payment[];
    return { chargedCents: sums.charged, refundedCents: sums.refunded, payments };
  }

  close(): void {
    this.#file.close();
  }

  #payment(order: string): Payment | undefined {
    return this.#file.prepare(`select "order", customer, cents, status from payment where "order" = ?`).get(order) as Payment | undefined;
  }
}
