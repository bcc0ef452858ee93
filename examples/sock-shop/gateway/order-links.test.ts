import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { idIn, OrderLinks, orderRequest } from "./order-links.ts";

const links = (more: object = {}) => ({
  customer: "http://user/customers/57a98d98e4b00679b4a830b2",
  address: "http://user/addresses/57a98d98e4b00679b4a830b0",
  card: "http://user/cards/57a98d98e4b00679b4a830b1",
  items: "http://carts/carts/57a98d98e4b00679b4a830b2/items",
  ...more,
});
const ids = {
  customer: "57a98d98e4b00679b4a830b2",
  address: "57a98d98e4b00679b4a830b0",
  card: "57a98d98e4b00679b4a830b1",
  cart: "57a98d98e4b00679b4a830b2",
};

test("order links: the ids are read from the paths, whatever the host, port, scheme, user, query and fragment are", () => {
  assert.deepEqual(orderRequest(OrderLinks.parse(links())), ids);
  const customers = [
    "https://attacker.example/customers/57a98d98e4b00679b4a830b2",
    "http://127.0.0.1:8080/customers/57a98d98e4b00679b4a830b2?a=/customers/other#/customers/other",
    "http://user:secret@[::1]/customers/57a98d98e4b00679b4a830b2",
    "http://169.254.169.254/a/../customers/57a98d98e4b00679b4a830b2",
  ];
  for (const customer of customers) assert.deepEqual(orderRequest(OrderLinks.parse(links({ customer }))), ids, customer);
});

test("order links: null, and what is left out, is missing; that is for the shop to answer", () => {
  assert.deepEqual(orderRequest(OrderLinks.parse(links({ address: null, card: null }))), { ...ids, address: null, card: null });
  assert.deepEqual(orderRequest(OrderLinks.parse({})), { customer: null, address: null, card: null, cart: null });
});

test("order links: what is no URL, or leads elsewhere, is refused, and the refusal names the member", () => {
  const nothing = ["", "57a98d98e4b00679b4a830b2", "/customers/57a98d98e4b00679b4a830b2", "//user/customers/a", "http://", "http:///"];
  const schemes = ["file:///customers/a", "javascript:/customers/a", "data:/customers/a", "ftp://user/customers/a"];
  const paths = ["/", "/customers", "/customers/", "/customers//", "/customers/a/", "/customers/a/b", "/customer/a", "//customers/a"];
  const encodings = ["/customers/%", "/customers/%zz", "/customers/%ff", "/customers/%00", "/customers/a%0Ab", "/customers/.."];
  const long = [`/customers/${"x".repeat(129)}`, `/customers/a?${"x".repeat(2_048)}`];
  for (const customer of [...nothing, ...schemes, ...[...paths, ...encodings, ...long].map((path) => `http://user${path}`)]) {
    const read = OrderLinks.safeParse(links({ customer }));
    assert.deepEqual(
      read.error?.issues.map(({ path }) => path),
      [["customer"]],
      customer,
    );
  }
  for (const customer of [1, true, {}, [], ["http://user/customers/a"]])
    assert.equal(OrderLinks.safeParse(links({ customer })).success, false);
});

test("order links: each member is read from its own path only", () => {
  for (const [member, wrong] of [
    ["address", "http://user/cards/a"],
    ["card", "http://user/addresses/a"],
    ["items", "http://carts/carts/a"],
    ["items", "http://carts/carts/a/items/b"],
    ["customer", "http://carts/carts/a/items"],
  ] as const) {
    assert.equal(OrderLinks.safeParse(links({ [member]: wrong })).success, false, `${member}: ${wrong}`);
  }
});

test("order links: an id comes back as it was handed out, whatever is in it", () => {
  assert.equal(idIn("http://user/customers/caf%C3%A9%20%2F%20b%C3%A4r", "customers"), "café / bär");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }), (id) => {
      fc.pre(id.length <= 128 && id !== "." && id !== ".." && !/\p{Cc}/u.test(id));
      assert.equal(idIn(`http://user/customers/${encodeURIComponent(id)}`, "customers"), id);
      assert.equal(idIn(`http://carts/carts/${encodeURIComponent(id)}/items`, "carts", "items"), id);
    }),
  );
});

test("order links: no text makes the reading throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.string().map((text) => `http://user/customers/${text}`),
      ),
      (text) => {
        const id = idIn(text, "customers");
        assert.ok(id === undefined || (id !== "" && id.length <= 128));
      },
    ),
  );
});
