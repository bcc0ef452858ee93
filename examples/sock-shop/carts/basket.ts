// What a cart cannot decide alone, because it needs others' answers: the price that counts is the catalogue's, and a
// merge concerns two carts.
import { handlers } from "@atoll/core";
import { Catalogue } from "../catalogue/contract.ts";
import { Basket, Cart } from "./contract.ts";
import { moveLines } from "./merge.ts";

export const basket = handlers(Basket, {
  handle: {
    add: async ({ customer, itemId, quantity }, cx) => {
      const price = await cx.at(Catalogue).price({ id: itemId });
      if (price.rejected) return cx.reject("UnknownItem", { itemId });
      // The command's id becomes the line's: it is the same when the request is repeated.
      const put = await cx.at(Cart, customer).put({ id: cx.commandId, itemId, quantity, cents: price.reply.cents });
      return put.rejected ? cx.reject("CartFull", put.details) : put.reply;
    },
    change: async ({ customer, itemId, quantity }, cx) => {
      // Without a question to the catalogue: what it no longer knows can still be taken out.
      if (quantity === 0) return cx.at(Cart, customer).remove({ itemId });
      const price = await cx.at(Catalogue).price({ id: itemId });
      if (price.rejected) return cx.reject("UnknownItem", { itemId });
      const set = await cx.at(Cart, customer).set({ id: cx.commandId, itemId, quantity, cents: price.reply.cents });
      return set.rejected ? cx.reject("CartFull", set.details) : undefined;
    },
    merge: async ({ session, customer }, cx) => {
      const refusal = session === customer ? undefined : await moveLines(cx.at, session, customer);
      return refusal && cx.reject("CartFull", refusal);
    },
  },
});
