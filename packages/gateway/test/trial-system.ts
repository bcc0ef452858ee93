// A system for the gateway's tests: every form that a route can have, an entity, and handlers that fail in every way. What
// the handlers do is counted, so that "once" can be asserted.
import { contract, entity, handlers, service, system, unavailable, type System } from "@atoll/core";
import { basic, feed, gateway, route, type GatewayHow } from "@atoll/gateway";
import * as z from "zod";
import type { TrialLog } from "./trial-log.ts";

const Level = z.object({ sku: z.string(), available: z.int(), note: z.string().nullable() });

export const Stock = contract("stock", {
  version: 2,
  key: z.string().regex(/^[a-z0-9-]+$/),
  access: { deliver: ["gateway", "desk"], reserve: ["gateway"], level: "any", arrived: ["gateway"] },
  commands: {
    deliver: { in: z.object({ quantity: z.int().positive() }) },
    reserve: {
      in: z.object({ order: z.string(), qty: z.int().positive().default(1) }),
      out: z.object({ left: z.int() }),
      rejects: { SoldOut: z.object({ left: z.int() }), Reserved: z.object({}) },
    },
    recount: {},
  },
  queries: {
    level: { out: Level, rejects: { UnknownSku: z.object({}) } },
    arrived: { out: Level, rejects: { NothingArrived: z.object({}) } },
  },
});

const stock = entity(Stock, {
  state: z.object({ available: z.int(), orders: z.array(z.string()) }),
  initial: { available: 0, orders: [] },
  events: { Delivered: z.object({ qty: z.int() }), Reserved: z.object({ order: z.string(), qty: z.int() }) },
  decide: {
    deliver: (_, { quantity }, turn) => turn.emit("Delivered", { qty: quantity }),
    reserve: (state, { order, qty }, turn) => {
      if (state.orders.includes(order)) return turn.reject("Reserved", {});
      if (state.available < qty) return turn.reject("SoldOut", { left: state.available });
      return turn.emit("Reserved", { order, qty }).reply((after) => ({ left: after.available }));
    },
    recount: (_, __, turn) => turn.reply(),
  },
  evolve: {
    Delivered: (state, { qty }) => ({ ...state, available: state.available + qty }),
    Reserved: (state, { order, qty }) => ({ available: state.available - qty, orders: [...state.orders, order] }),
  },
  queries: {
    level: (state, _, q) => (q.key === "unknown" ? q.reject("UnknownSku", {}) : { sku: q.key, available: state.available, note: null }),
    arrived: ({ available }, _, q) => (available === 0 ? q.reject("NothingArrived", {}) : { sku: q.key, available, note: null }),
  },
});

const Page = z.object({
  tags: z.string().default(""),
  page: z.int().positive().default(1),
  sizes: z.array(z.int()).default([]),
  deep: z.boolean().default(false),
});
const Mode = z.enum(["done", "throw", "unavailable", "wait", "answer-wrong"]);
const Act = z.object({ mode: Mode, waitMs: z.int().positive().default(1_000) });
const Shipping = z.object({
  mode: z.enum(["done", "throw", "unavailable", "refuse"]).default("done"),
  waitMs: z.int().nonnegative().default(0),
});

export const Desk = contract("desk", {
  version: 1,
  access: {
    act: ["gateway"],
    place: ["gateway"],
    ship: ["gateway"],
    merge: ["gateway"],
    list: ["gateway"],
    login: ["gateway"],
    drop: ["gateway"],
  },
  commands: {
    act: { in: Act, out: z.object({ runs: z.int(), id: z.string() }) },
    place: {
      in: z.object({ id: z.string(), sku: z.string(), origin: z.string() }),
      out: z.object({ id: z.string(), sku: z.string(), run: z.int() }),
      rejects: { NotAcceptable: z.object({ message: z.string() }), Odd: z.object({ runs: z.int() }) },
    },
    ship: { in: Shipping.extend({ id: z.string() }), out: z.object({ run: z.int() }), rejects: { Refused: z.object({}) } },
    merge: { in: z.object({ from: z.string(), to: z.string() }) },
    drop: { in: z.object({ what: z.string() }) },
    secret: {},
  },
  queries: {
    list: { in: Page, out: Page },
    login: {
      in: z.object({ username: z.string(), password: z.string() }),
      out: z.object({ user: z.string() }),
      rejects: { BadCredentials: z.object({}) },
    },
  },
});

export const Parcel = contract("parcel", {
  version: 1,
  key: z.string().regex(/^[a-z0-9-]+$/),
  access: { travel: ["gateway"], moved: ["gateway"] },
  commands: { travel: { in: z.object({ stops: z.array(z.string()) }), out: z.object({ moves: z.int() }) } },
  topics: { moved: z.object({ n: z.int(), to: z.string() }), secret: z.object({}) },
});

const parcel = entity(Parcel, {
  state: z.object({ moves: z.int() }),
  initial: { moves: 0 },
  events: { Moved: z.object({ to: z.string() }) },
  decide: {
    travel: ({ moves }, { stops }, turn) => {
      const [first, ...others] = stops;
      if (first === undefined) return turn.reply({ moves });
      let emitted = turn.emit("Moved", { to: first });
      for (const to of others) emitted = emitted.emit("Moved", { to });
      return emitted.reply((after) => after);
    },
  },
  evolve: { Moved: ({ moves }) => ({ moves: moves + 1 }) },
  publish: { moved: { Moved: ({ to }, { moves }) => ({ n: moves, to }) }, secret: {} },
});

/** What the handlers did, and the clock they wait on. */
export interface Trial {
  runs: number;
  /** Command ids of the runs of `act` and `ship`. */
  readonly ids: string[];
  /** The outside party answers again. */
  mended: boolean;
  /** Read in the place of what parcels publish. */
  readonly log: TrialLog | undefined;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const desk = (trial: Trial) =>
  handlers(Desk, {
    handle: {
      act: async ({ mode, waitMs }, cx) => {
        trial.runs += 1;
        trial.ids.push(cx.commandId);
        if (mode === "throw") throw new TypeError("a secret of the implementation");
        if (mode === "unavailable") throw unavailable("the outside party answered 500");
        if (mode === "wait") await trial.wait(waitMs, cx.signal);
        return mode === "answer-wrong" ? ({ runs: "many" } as never) : { runs: trial.runs, id: cx.commandId };
      },
      place: async ({ id, sku }, cx) => {
        trial.runs += 1;
        if (sku === "declined") return cx.reject("NotAcceptable", { message: "payment declined" });
        if (sku === "odd") return cx.reject("Odd", { runs: trial.runs });
        return { id, sku, run: trial.runs };
      },
      // Waits, then puts one piece at the address of its id: how often it took effect can be read there.
      ship: async ({ id, mode, waitMs }, cx) => {
        trial.runs += 1;
        trial.ids.push(cx.commandId);
        if (waitMs > 0) await trial.wait(waitMs, cx.signal);
        if (mode === "throw") throw new TypeError("a secret of the implementation");
        if (mode === "unavailable" && !trial.mended) throw unavailable("the outside party answered 500");
        if (mode === "refuse") return cx.reject("Refused", {});
        await cx.at(Stock, id).deliver({ quantity: 1 });
        return { run: trial.runs };
      },
      merge: async () => undefined,
      drop: async () => undefined,
      secret: async () => undefined,
      list: async (page) => page,
      login: async ({ username, password }, cx) =>
        username === "user" && password === "pass:wörd" ? { user: "u1" } : cx.reject("BadCredentials", {}),
    },
  });

const Placed = z.object({ id: z.string(), run: z.int(), _links: z.object({ self: z.object({ href: z.url() }) }) });

const Shipped = z.object({ id: z.string(), run: z.int(), url: z.url(), waited: z.int() });

export function trialSystem(trial: Trial, how: GatewayHow = {}): System {
  const routes = [
    route("GET /stock/:sku", Stock.level, { key: (r) => r.params.sku, rejects: { UnknownSku: { status: 404 } } }),
    route("POST /stock/:sku/deliveries", Stock.deliver, { key: (r) => r.params.sku, reply: { status: 202 } }),
    route("POST /stock/:sku/reservations", Stock.reserve, {
      key: (r) => r.params.sku,
      reply: { status: 201 },
      rejects: { Reserved: { status: 422 } },
    }),
    route("PUT /stock/:id", Stock.deliver, { key: (r) => r.params.id }),
    route("GET /list/size", Desk.list, { input: () => ({ tags: "size" }) }),
    route("GET /list/:tags", Desk.list, { input: (r) => ({ tags: r.params.tags }) }),
    route("GET /list", Desk.list, { query: Page, input: (r) => r.query }),
    route("GET /login", Desk.login, { input: (r) => basic(r.headers), rejects: { BadCredentials: { status: 401 } } }),
    route("POST /acts", Desk.act, { within: "2s" }),
    route("POST /orders", Desk.place, {
      body: z.object({ item: z.url() }),
      input: (r) => ({ id: r.id, sku: r.body.item.split("/").at(-1) ?? "", origin: r.origin }),
      reply: {
        status: 201,
        body: Placed,
        from: (reply, r) => ({ id: reply.id, run: reply.run, _links: { self: { href: `${r.origin}/orders/${reply.id}` } } }),
      },
      rejects: { NotAcceptable: { status: 406, with: ({ message }) => ({ message }) } },
    }),
    route("POST /shipments", Desk.ship, {
      within: "2s",
      body: Shipping,
      input: (r) => ({ ...r.body, id: r.id }),
      reply: {
        status: 201,
        body: Shipped,
        from: ({ run }, r) => ({ id: r.id, run, url: `${r.origin}/shipments/${r.id}`, waited: r.body.waitMs }),
        later: (r) => `/shipments/${r.id}`,
      },
    }),
    route("POST /arrivals", Desk.ship, {
      within: "2s",
      body: Shipping,
      input: (r) => ({ ...r.body, id: r.id }),
      reply: { status: 201, later: (r) => `/arrivals/${r.id}` },
    }),
    route("GET /arrivals/:id", Stock.arrived, {
      key: (r) => r.params.id,
      rejects: { NothingArrived: { status: 404, accepted: true } },
    }),
    route("POST /parcels/:id/moves", Parcel.travel, { key: (r) => r.params.id }),
    feed("GET /parcels/:id/moves", Parcel.moved, { key: (r) => r.params.id }),
    feed("GET /moves", Parcel.moved, { key: "any" }),
    route("GET /shipments/:id", Stock.level, { key: (r) => r.params.id }),
    route("POST /carts/:id/merge", Desk.merge, { input: (r) => ({ from: "session", to: r.params.id }), reply: { status: 202 } }),
    route("DELETE /carts/:id", Desk.drop, { input: (r) => ({ what: r.params.id }), reply: { status: 202 } }),
    route("DELETE /carts/:id/items/:item", Desk.drop, { input: (r) => ({ what: r.params.item }) }),
    route("POST /secrets", Desk.secret),
    route("POST /mistakes", Desk.merge, {
      body: z.object({ url: z.string() }),
      input: (r) => ({ from: new URL(r.body.url).host, to: "x" }),
    }),
  ];
  const { log } = trial;
  const opened = gateway(routes, how);
  return system("trial", {
    services: [service("stock", [stock]), service("desk", [desk(trial)]), service("parcels", [parcel], { limits: { partitions: 4 } })],
    gateway: log ? { ...opened, open: (edge) => opened.open({ ...edge, topic: () => () => log }) } : opened,
  });
}
