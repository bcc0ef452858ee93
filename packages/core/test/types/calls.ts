// What the compiler must say no to, for how a service calls others; shop.ts has what it must accept. Every directive is
// load-bearing: an error that is no longer one fails the type check. None of it is run.
import { handlers, service, type At } from "@atoll/core";
import { Bank, order } from "./shop.ts";

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
