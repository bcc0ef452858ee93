// The system that the tests of sagas run: stock, a bank behind handlers, and a checkout over both. What goes wrong is set
// per test in `mood`.
import { contract, entity, Failure, handlers, saga, service, system, unavailable, type Duration, type System } from "@atoll/core";
import type { ServiceLimits } from "@atoll/core/system";
import * as z from "zod";

const Hold = z.object({ orderId: z.string(), qty: z.int().positive() });
const Level = z.object({ available: z.int(), held: z.record(z.string(), z.int()) });

export const Stock = contract("stock", {
  version: 1,
  key: z.string(),
  access: { deliver: "any", level: "any", reserve: ["orders"], release: ["orders"] },
  commands: {
    deliver: { in: z.object({ qty: z.int() }) },
    reserve: { in: Hold, out: z.object({ left: z.int() }), rejects: { SoldOut: z.object({ left: z.int() }) } },
    release: { in: z.object({ orderId: z.string() }) },
  },
  queries: { level: { out: Level } },
});

export const stock = entity(Stock, {
  state: Level,
  initial: { available: 0, held: {} },
  events: { Delivered: z.object({ qty: z.int() }), Reserved: Hold, Released: z.object({ orderId: z.string() }) },
  decide: {
    deliver: (_, c, turn) => turn.emit("Delivered", c),
    reserve: (s, c, turn) =>
      s.available < c.qty
        ? turn.reject("SoldOut", { left: s.available })
        : turn.emit("Reserved", c).reply((after) => ({ left: after.available })),
    release: (s, c, turn) => (Object.hasOwn(s.held, c.orderId) ? turn.emit("Released", c) : turn.reply()),
  },
  evolve: {
    Delivered: (s, { qty }) => ({ ...s, available: s.available + qty }),
    Reserved: (s, { orderId, qty }) => ({ available: s.available - qty, held: { ...s.held, [orderId]: qty } }),
    Released: (s, { orderId }) => {
      const { [orderId]: qty = 0, ...held } = s.held;
      return { available: s.available + qty, held };
    },
  },
  queries: { level: (s) => ({ available: s.available, held: { ...s.held } }) },
});

const Payment = z.object({ orderId: z.string(), cents: z.int() });
export const Bank = contract("bank", {
  version: 1,
  access: { charge: ["orders"], refund: ["orders"] },
  commands: {
    charge: { in: Payment, rejects: { Declined: z.object({ reason: z.string() }) } },
    refund: { in: z.object({ orderId: z.string() }) },
  },
});

/** The outside party: keeps what it was asked by idempotency key, whatever happens to the process that asks. */
export class BankBooks {
  /** Idempotency keys of charges and refunds, in the order in which each was first heard. */
  readonly heard: string[] = [];
  readonly charged = new Map<string, number>();
  readonly refunded = new Set<string>();
  /** How a call goes wrong, if it does: before it takes effect, or after. */
  mood: (what: "charge" | "refund", key: string) => "works" | "declines" | "fails before" | "fails after" | "is denied" = () => "works";

  charge(key: string, orderId: string, cents: number): void {
    if (this.heard.includes(key)) return;
    this.heard.push(key);
    this.charged.set(orderId, (this.charged.get(orderId) ?? 0) + cents);
  }

  refund(key: string, orderId: string): void {
    if (this.heard.includes(key)) return;
    this.heard.push(key);
    this.refunded.add(orderId);
  }
}

const Order = z.object({ sku: z.string(), qty: z.int(), cents: z.int(), rest: z.string().optional() });
export const Checkout = contract("checkout", {
  version: 1,
  key: z.string(),
  access: { start: "any", cancel: "any", approve: "any" },
  commands: {
    start: {
      in: Order,
      out: z.object({ left: z.int(), by: z.string().optional() }),
      rejects: { SoldOut: z.object({ left: z.int() }), Declined: z.object({ cents: z.int() }), Cancelled: z.object({ by: z.string() }) },
    },
    cancel: { in: z.object({ by: z.string() }) },
    approve: { in: z.object({ by: z.string() }) },
  },
});

export interface CheckoutHow {
  readonly books?: BankBooks;
  readonly limits?: ServiceLimits;
  /** Versions of the checkout that are defined; 1 by default. */
  readonly versions?: readonly number[];
  readonly retry?: Duration;
}

export function checkoutSaga(version: number, retry: Duration = "1m") {
  return saga(
    Checkout.start,
    version,
    async (run, o) => {
      run.on(Checkout.cancel, ({ by }) => run.reject("Cancelled", { by }));
      const { left } = await run.step("reserve", (at) => at(Stock, o.sku).reserve({ orderId: run.key, qty: o.qty }), {
        undo: (at) => at(Stock, o.sku).release({ orderId: run.key }),
      });
      if (o.rest !== undefined) await run.sleep("rest", o.rest as Duration);
      await run.step("charge", (at) => at(Bank).charge({ orderId: run.key, cents: o.cents }), {
        retry: { for: retry },
        undo: (at) => at(Bank).refund({ orderId: run.key }),
        rejected: { Declined: () => run.reject("Declined", { cents: o.cents }) },
      });
      if (o.qty !== 3) return version === 1 ? { left } : { left, by: `version ${version}` };
      const approved = await run.signal(Checkout.approve, { within: "2d" });
      return approved ? { left, by: approved.input.by } : { left };
    },
    { apologies: { owner: "payments", within: "3d" } },
  );
}

export const bankOf = (books: BankBooks) =>
  handlers(Bank, {
    handle: {
      charge: async (c, cx) => {
        const mood = books.mood("charge", c.orderId);
        if (mood === "declines") return cx.reject("Declined", { reason: "too poor" });
        if (mood === "is denied") throw new Failure("ACCESS_DENIED", { what: "the bank is closed to us" });
        if (mood === "fails before") throw unavailable("the bank does not answer");
        books.charge(cx.commandId, c.orderId, c.cents);
        if (mood === "fails after") throw unavailable("the bank's answer was lost");
        return undefined;
      },
      refund: async (c, cx) => {
        const mood = books.mood("refund", c.orderId);
        if (mood !== "works") throw unavailable("the bank does not answer");
        books.refund(cx.commandId, c.orderId);
      },
    },
  });

export function checkoutSystem({ books = new BankBooks(), limits = {}, versions = [1], retry = "1m" }: CheckoutHow = {}): System {
  const partitions = { partitions: 3, ...limits };
  return system("shop", {
    services: [
      service("stock", [stock], { limits: partitions }),
      service("bank", [bankOf(books)]),
      service(
        "orders",
        versions.map((version) => checkoutSaga(version, retry)),
        { limits: partitions },
      ),
    ],
  });
}
