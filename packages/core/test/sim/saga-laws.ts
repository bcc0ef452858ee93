// What must hold when everything is at rest: every saga has ended, once in all its effects, and what was heard is what the
// journal says.
import { BrokenLaw, type PlacedRecord } from "@atoll/core/journal/simulated";
import { evolve, idText, unstarted, type SagaEvent, type SagaState } from "../../src/saga/index.ts";
import type { BankBooks } from "../checkout.ts";
import type { Heard, Order } from "./saga-world.ts";

/** What a run of checkouts leaves. */
export interface SagaRun {
  readonly books: BankBooks;
  readonly orders: readonly Order[];
  readonly heard: ReadonlyMap<string, Heard>;
  /** To the stock. */
  readonly delivered: number;
  /** Everything that the sagas' journal holds, and the stock's log. */
  journal(): readonly PlacedRecord[];
  stock(): readonly PlacedRecord[];
}

/** The folded journal of every saga, by key. */
export function sagasOf(
  sagas: Pick<SagaRun, "journal">,
): ReadonlyMap<string, { readonly state: SagaState; readonly events: readonly SagaEvent[] }> {
  const found = new Map<string, { state: SagaState; events: SagaEvent[] }>();
  for (const { record } of sagas.journal()) {
    if (record.key === "") continue;
    const saga = found.get(record.key) ?? { state: unstarted, events: [] };
    for (const [kind, , data] of record.events) {
      const event = { kind, ...(data as object) } as SagaEvent;
      saga.state = evolve(saga.state, event, record.caller);
      saga.events.push(event);
    }
    found.set(record.key, saga);
  }
  return found;
}

export function checkSagas(sagas: SagaRun): void {
  const { books, orders, heard, delivered } = sagas;
  const journals = sagasOf(sagas);
  const held = new Map<string, number>();
  for (const { key, qty, cents } of orders) {
    const saga = journals.get(key);
    const { state, events } = saga ?? { state: unstarted, events: [] };
    const broken = (law: string, what: string): never => {
      throw new BrokenLaw(law, `saga ${key}: ${what}\n    ${events.map((event) => JSON.stringify(event)).join("\n    ")}`);
    };
    if (state.phase !== "ended") broken("a saga ends", `it is ${state.phase} ${state.parked ?? ""}`);
    const { outcome } = state;
    const said = heard.get(key);
    const told =
      said && ("reply" in said ? { reply: said.reply } : "rejected" in said ? { rejected: said.rejected } : { failed: said.failed });
    const is =
      outcome?.kind === "reply"
        ? { reply: outcome.reply }
        : outcome?.kind === "rejection"
          ? { rejected: outcome.name }
          : { failed: "SAGA_FAILED" };
    if (JSON.stringify(told) !== JSON.stringify(is))
      broken("heard is journalled", `it ended ${JSON.stringify(is)}, and the caller heard ${JSON.stringify(told)}`);

    const charged = books.charged.get(key) ?? 0;
    if (charged !== 0 && charged !== cents) broken("once in its effect", `it was charged ${charged} for ${cents}`);
    const done = events.flatMap((event) =>
      event.kind === "Done" || (event.kind === "Failed" && event.never !== true) ? [idText(event)] : [],
    );
    const undone = events.flatMap((event) => (event.kind === "Undone" || event.kind === "Apologised" ? [idText(event)] : []));
    if (new Set([...done, ...undone]).size !== new Set(done).size || new Set(undone).size !== undone.length)
      broken("undo", `it undid ${undone.join()} of ${done.join()}`);
    if (outcome?.kind === "reply") {
      held.set(key, qty);
      if (charged !== cents || books.refunded.has(key))
        broken("all or nothing", `it was done, charged ${charged}, refunded ${books.refunded.has(key)}`);
      if (undone.length > 0) broken("all or nothing", `it was done, and undid ${undone.join()}`);
    } else {
      if (charged > 0 && !books.refunded.has(key)) broken("all or nothing", "it was not done, charged, and not refunded");
      const order = done.filter((id) => id.startsWith("reserve") || id.startsWith("charge")).toReversed();
      if (undone.join() !== order.join()) broken("undo in reverse", `it did ${done.join()} and undid ${undone.join()}`);
    }
  }
  const keys = new Set(books.heard.map((key) => key.replace(/\.undo$/, "")));
  const runs = new Set([...journals.values()].map(({ state }) => state.run));
  for (const key of keys) {
    const [run = ""] = key.split("/");
    if (!runs.has(run)) throw new BrokenLaw("same id", `the bank heard of ${key}, and no saga's journal begins with ${run}`);
  }
  checkStock(held, delivered, sagas.stock());
}

function checkStock(held: ReadonlyMap<string, number>, delivered: number, log: readonly PlacedRecord[]): void {
  const now = new Map<string, number>();
  let available = 0;
  for (const { record } of log) {
    for (const [kind, , data] of record.events) {
      const { orderId, qty } = data as { readonly orderId: string; readonly qty: number };
      if (kind === "Delivered") available += qty;
      else if (kind === "Reserved") {
        if (now.has(orderId)) throw new BrokenLaw("once in its effect", `${orderId} was reserved twice`);
        now.set(orderId, qty);
        available -= qty;
      } else {
        available += now.get(orderId) ?? 0;
        now.delete(orderId);
      }
    }
  }
  const sum = [...now.values()].reduce((a, b) => a + b, 0);
  const wanted = sorted(held);
  if (available + sum !== delivered || sorted(now) !== wanted)
    throw new BrokenLaw("stock", `${available} available, held ${[...now].join()}; done were ${wanted}`);
}

const sorted = (map: ReadonlyMap<string, number>): string =>
  [...map]
    .map((entry) => entry.join(" "))
    .sort()
    .join();
