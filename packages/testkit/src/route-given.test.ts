// given / when / then for routes: what a sentence says, and what it says when it is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import { given } from "@atoll/testkit";
import * as z from "zod";

const Cart = contract("cart", {
  version: 1,
  key: z.string().max(8),
  commands: {
    add: {
      in: z.object({ sku: z.string(), qty: z.int().positive().default(1) }),
      out: z.object({ lines: z.int(), note: z.string().default("-") }),
      rejects: { Unknown: z.object({ sku: z.string() }) },
    },
    clear: {},
  },
  queries: { lines: { out: z.object({ lines: z.int() }) } },
});
const Search = contract("search", { version: 1, queries: { find: { in: z.object({ text: z.string() }), out: z.array(z.string()) } } });

let n = 0;
const shop = given(
  gateway(
    [
      route("POST /carts/:cart/lines", Cart.add, {
        key: (r) => r.params.cart,
        reply: { status: 201, from: ({ lines }, r) => ({ lines, self: `${r.origin}/carts/${r.params.cart}` }) },
        rejects: { Unknown: { status: 404, with: ({ sku }) => ({ sku }) } },
      }),
      route("POST /carts", Cart.clear, { key: (r) => r.id.slice(0, 8), reply: { later: (r) => `/carts/${r.id}` } }),
      route("DELETE /carts/:cart", Cart.clear, { key: (r) => r.params.cart }),
      route("GET /search", Search.find, { query: z.object({ q: z.string() }), input: (r) => ({ text: r.query.q }) }),
      route("GET /drifting", Search.find, { input: () => ({ text: String((n += 1)) }) }),
    ],
    {
      http: (app, at) => {
        app.get("/both", async (c) => {
          const { lines } = await at(Cart, "a").lines();
          return c.text(`${lines} ${(await at(Search).find({ text: "b" })).join()}`);
        });
      },
    },
  ),
);
/** Begun anew each time: a sentence goes on in the turn in which it began. */
const adding = () => shop.when("POST /carts/a/lines", { body: { sku: "tea" } });
const call = () => adding().calls(Cart.add, "a", { sku: "tea" });

const failing = (sentence: Promise<void>, message: RegExp): Promise<void> =>
  assert.rejects(sentence, (error) => error instanceof assert.AssertionError && message.test(error.message), String(message));

test("given route: the operation that a request calls is compared, and the response to what it comes to", async () => {
  await adding()
    .calls(Cart.add, "a", { sku: "tea", qty: 1 })
    .replies({ lines: 3 })
    .responds(201, { body: { lines: 3, self: "http://given/carts/a" } });
  await call()
    .rejects("Unknown", { sku: "tea" })
    .responds(404, { body: { rejection: "Unknown", sku: "tea" } });
  await shop.when("DELETE /carts/a").calls(Cart.clear, "a").responds(204);
  await shop
    .when("GET /search?q=b%20c")
    .calls(Search.find, { text: "b c" })
    .replies(["x"])
    .responds(200, { body: ["x"] });
});

test("given route: what is wrong with a request calls nothing, and is a problem document of which the named members count", async () => {
  await shop.when("POST /carts/a/lines", { body: { qty: 0 } }).responds(422, { body: { code: "INVALID_INPUT" } });
  await shop.when("GET /search").responds(422);
  await shop.when("PUT /carts/a").responds(405, { headers: { allow: "DELETE, OPTIONS" } });
  await shop.when("GET /nowhere").responds(404, { body: { code: "NOT_FOUND" } });
});

test("given route: a failure of the system is answered as in production, with what may have happened", async () => {
  await call()
    .fails("UNAVAILABLE")
    .responds(503, { body: { outcome: "not-delivered" }, headers: { "retry-after": "1" } });
  await call()
    .fails("DEADLINE")
    .responds(504, { body: { outcome: "unknown" } });
});

test("given route: an Idempotency-Key, and an answer that comes later, are the gateway's own and no calls", async () => {
  await shop
    .when("POST /carts/a/lines", { body: { sku: "tea" }, headers: { "idempotency-key": "k1" } })
    .calls(Cart.add, "a", { sku: "tea" })
    .replies({ lines: 1 })
    .responds(201, { body: { lines: 1, self: "http://given/carts/a" } });
  await shop
    .under({ id: "0123456789abcdef0123456789abcdef" })
    .when("POST /carts", { headers: { prefer: "respond-async" } })
    .calls(Cart.clear, "01234567")
    .responds(202, {
      body: { status: "accepted", location: "/carts/0123456789abcdef0123456789abcdef" },
      headers: { location: "/carts/0123456789abcdef0123456789abcdef" },
    });
});

test("given route: plain handlers call one after the other, and text is compared as text", async () => {
  const both = shop.when("GET /both").calls(Cart.lines, "a").replies({ lines: 2 }).calls(Search.find, { text: "b" }).replies(["x", "y"]);
  await both.responds(200, { body: "2 x,y", headers: { "content-type": "text/plain;charset=UTF-8" } });
});

test("given route: what is not as expected says what differs, what was called, and what was responded", async () => {
  await failing(
    shop
      .when("POST /carts/a/lines", { body: { sku: "tea" } })
      .calls(Cart.add, "b", { sku: "tea" })
      .replies({ lines: 1 })
      .responds(201),
    /^POST \/carts\/a\/lines: it calls something else than expected\n {2}at \/0: expected "cart\/b\.add .*", was "cart\/a\.add .*"\nsent {6}\{"sku":"tea"\}\ncalled {4}cart\/a\.add \{"sku":"tea","qty":1\}\nresponded 201 \{/,
  );
  await failing(call().replies({ lines: 1 }).responds(200), /another status than expected\n {2}expected 200, was 201/);
  await failing(call().replies({ lines: 1 }).responds(201), /another body than expected\n {2}expected nothing, was \{"lines":1/);
  await failing(
    call()
      .replies({ lines: 1 })
      .responds(201, { body: { lines: 2, self: "http://given/carts/a" } }),
    /at \/lines: expected 2, was 1/,
  );
  await failing(
    call()
      .fails("DEADLINE")
      .responds(504, { body: { outcome: "known" } }),
    /at \/outcome: expected "known", was "unknown"/,
  );
  await failing(
    shop.when("PUT /carts/a").responds(405, { headers: { allow: "GET" } }),
    /another allow than expected\n {2}expected GET, was DELETE, OPTIONS/,
  );
  await failing(shop.when("DELETE /carts/a").responds(204), /it calls cart\/a\.clear, and no such call was expected/);
  await failing(
    shop.when("DELETE /carts/a").calls(Cart.lines, "a").responds(204),
    /it calls cart\/a\.clear, and cart\/a\.lines was expected/,
  );
  await failing(
    shop.when("GET /nowhere").calls(Cart.clear, "a").responds(404),
    /at \/0: expected "cart\/a\.clear", was nothing.*called {4}nothing/s,
  );
  await failing(call().responds(201), /cart\.add needs a reply: say it with \.replies/);
  await failing(shop.when("GET /drifting").calls(Search.find, { text: "1" }).replies([]).responds(200, { body: [] }), /it is not pure/);
});

test("given route: a call, or an outcome, that can never come fails where it is told", () => {
  assert.throws(() => adding().calls(Cart.add, "much too long", { sku: "tea" }), /the call that is expected can never come/);
  assert.throws(() => call().replies({ lines: 0.5 }), /what the call comes to can never come/);
  assert.throws(() => (adding() as unknown as ReturnType<typeof call>).replies({ lines: 1 }), /say with calls\(…\) what is called/);
});
