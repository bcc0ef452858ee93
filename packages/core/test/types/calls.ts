// What the compiler must say no to, for how a service calls others; shop.ts has what it must accept. Every directive is
// load-bearing: an error that is no longer one fails the type check. None of it is run.
import { handlers, service, type At, type Every } from "@atoll/core";
import { Bank, Order, order } from "./shop.ts";

// @ts-expect-error a duration has a unit
service("a", [order], { calls: [[Bank, { within: "2" }]] });
// @ts-expect-error a member misspelt
service("a", [order], { calls: [[Bank, { concurency: 20 }]] });
// @ts-expect-error a breaker's member misspelt
service("a", [order], { calls: [[Bank, { breaker: { failure: 5 } }]] });
// @ts-expect-error an implementation instead of its contract
service("a", [order], { calls: [[handlers(Bank, { handle: { charge: () => undefined, refund: () => undefined } }), {}]] });
// @ts-expect-error a way to choose an instance that there is not
service("a", [order], { calls: [[Bank, { balance: "sticky" }]] });
service("a", [order], { calls: [[Bank, { balance: "round-robin" }]] });
declare const at: At;
void at(Bank).charge({ orderId: "o1", cents: 1 }, { sticky: "customer-7" });
// @ts-expect-error what calls are alike by is a text
void at(Bank).charge({ orderId: "o1", cents: 1 }, { sticky: 7 });
// @ts-expect-error a contract without a policy
service("a", [order], { calls: [[Bank]] });

declare const every: Every;
void every(Bank)
  .charge({ orderId: "o1", cents: 1 }, { within: "2s" })
  .then((each) =>
    each.map((one) => {
      // @ts-expect-error an answer before it is known whether there is one
      void one.answer;
      if (one.failure) return one.failure.code;
      // @ts-expect-error the reply of an operation that may be rejected, before it is known whether it was
      void one.answer.reply;
      return `${one.node} ${one.answer.rejected === undefined ? "charged" : one.answer.details.reason}`;
    }),
  );
// @ts-expect-error a contract with keys: each address is one, for `at`
void every(Order).confirm();
// @ts-expect-error a key for a contract that has none
void every(Bank, "o1").refund({ orderId: "o1" });
// @ts-expect-error one of all instances
void every(Bank).refund({ orderId: "o1" }, { sticky: "customer-7" });
