// The system that the tests of `simulate` run: accounts, transfers between them by a handler, an outside party that tells
// the exchange rate, and an edge of a few lines. Parts of it can be replaced by broken ones.
import { contract, entity, handlers, service, system, type HandlerContext, type System } from "@atoll/core";
import type { Edge, Gateway } from "@atoll/core/edge";
import * as z from "zod";

const Cents = z.object({ cents: z.int().positive() });
const Balance = z.object({ cents: z.int() });

export const Account = contract("account", {
  version: 1,
  key: z.string(),
  access: { deposit: "any", withdraw: "any", balance: "any" },
  commands: {
    deposit: { in: Cents, out: Balance },
    withdraw: { in: Cents, out: Balance, rejects: { TooLittle: Balance } },
  },
  queries: { balance: { out: Balance } },
});

export const account = entity(Account, {
  state: Balance,
  initial: { cents: 0 },
  events: { Deposited: Cents, Withdrawn: Cents },
  decide: {
    deposit: (_, { cents }, turn) => turn.emit("Deposited", { cents }).reply((after) => after),
    withdraw: (s, { cents }, turn) =>
      s.cents < cents ? turn.reject("TooLittle", s) : turn.emit("Withdrawn", { cents }).reply((after) => after),
  },
  evolve: { Deposited: (s, { cents }) => ({ cents: s.cents + cents }), Withdrawn: (s, { cents }) => ({ cents: s.cents - cents }) },
  queries: { balance: (s) => s },
});

const transfer = { in: z.object({ from: z.string(), to: z.string(), cents: z.int().positive() }), out: z.object({ moved: z.boolean() }) };

export const Transfers = contract("transfers", { version: 1, access: { transfer: "any" }, commands: { transfer } });

type Transfer = z.infer<typeof transfer.in>;

/** `idOf`: the id of a nested command; undefined takes the one that a repetition of the transfer has too. */
export const transfersWith = (idOf: (cx: HandlerContext<typeof transfer, {}>) => string | undefined) =>
  handlers(Transfers, {
    handle: {
      transfer: async ({ from, to, cents }: Transfer, cx) => {
        const [one, two] = [idOf(cx), idOf(cx)].map((commandId) => (commandId === undefined ? {} : { commandId }));
        const taken = await cx.at(Account, from).withdraw({ cents }, one);
        if (taken.rejected) return { moved: false };
        await cx.at(Account, to).deposit({ cents }, two);
        return { moved: true };
      },
    },
  });

export const transfers = transfersWith(() => undefined);

export const Rates = contract("rates", { version: 1, access: { rate: "any" }, queries: { rate: { out: z.object({ rate: z.number() }) } } });

export const rates = handlers(Rates, {
  config: { RATES_URL: z.string().default("https://rates.example") },
  handle: {
    rate: async (_, cx) => {
      const response = await cx.fetch(`${cx.config.RATES_URL}/today`);
      return { rate: Number(await response.text()) };
    },
  },
});

/** POST /deposits/KEY deposits one cent, GET /balances/KEY answers the balance; no answer is kept under a key. */
const edge: Gateway = {
  kind: "gateway",
  parts: [],
  open: ({ ask }: Edge) => ({
    async fetch(request) {
      const [, what, key = ""] = new URL(request.url).pathname.split("/");
      const commandId = request.headers.get("idempotency-key");
      const id = commandId === null ? {} : { commandId };
      const answer =
        what === "deposits"
          ? await ask({ to: Account.deposit, key, input: { cents: Number(await request.text()) }, ...id })
          : await ask({ to: Account.balance, key });
      return answer.kind === "reply"
        ? Response.json(answer.value, { status: what === "deposits" ? 201 : 200 })
        : new Response(null, { status: 204 });
    },
    listen: () => Promise.reject(new TypeError("a simulated gateway does not listen")),
    close: () => Promise.resolve(),
  }),
};

/** Bounds so small that a short run reaches passivation, snapshots, and an index that lags. */
const limits = {
  partitions: 3,
  entities: { residentsMax: 4, snapshotEvery: 2 },
  handlers: { concurrency: 3, mailboxCapacity: 50 },
};

type Parts = Parameters<typeof service>[1];

export const bankOf = (accounts: Parts[number], others: Parts = [transfers, rates]): System =>
  system("bank", { services: [service("accounts", [accounts], { limits }), service("desk", others, { limits })], gateway: edge });

export const bank = bankOf(account);
