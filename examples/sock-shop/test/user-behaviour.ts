// Customers, addresses and cards over HTTP: what existing clients of the original demo rely on, and what becomes of hostile requests.
import assert from "node:assert/strict";
import { mustHaveForm, originalForms } from "./original-forms.ts";
import { problemIn, type Answer, type Behaviour, type ShopClient } from "./shop-client.ts";

interface Link {
  readonly href: string;
}
interface CustomerBody {
  readonly id: string;
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly _links: { readonly [name in "self" | "customer" | "addresses" | "cards"]: Link };
}
interface CardBody {
  readonly id: string;
  readonly longNum: string;
  readonly _links: { readonly self: Link };
}
interface Added {
  readonly id: string;
}
type Cards = { readonly _embedded: { readonly card: readonly CardBody[] } };
type Addresses = { readonly _embedded: { readonly address: readonly Added[] } };

const seeded = [
  {
    username: "user",
    password: "password",
    id: "57a98d98e4b00679b4a830b2",
    address: "57a98d98e4b00679b4a830b0",
    card: "57a98d98e4b00679b4a830b1",
  },
  {
    username: "Eve_Berger",
    password: "duis",
    id: "57a98d98e4b00679b4a830af",
    address: "57a98d98e4b00679b4a830ad",
    card: "57a98d98e4b00679b4a830ae",
  },
] as const;

const home = { number: "7", street: "Bahnhofstraße", city: "Zürich", postcode: "8001", country: "Schweiz" };
const visa = { longNum: "4111 1111 1111 1234", expires: "12/30", ccv: "987" };

const login = (shop: ShopClient, username: string, password: string): Promise<Answer<{ readonly user: CustomerBody }>> =>
  shop.request("GET", "/login", { headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` } });

const register = (shop: ShopClient, account: object, headers: Record<string, string> = {}) =>
  shop.send<Added>("POST", "/register", account, headers);

async function newcomer(shop: ShopClient): Promise<{ readonly id: string; readonly username: string }> {
  const username = shop.fresh("name");
  const { status, body } = await register(shop, {
    username,
    password: "secret",
    email: "n@example.com",
    firstName: "New",
    lastName: "Comer",
  });
  assert.equal(status, 200);
  return { id: body.id, username };
}

const pathOf = ({ href }: Link): string => new URL(href).pathname;

const accounts: readonly Behaviour[] = [
  {
    name: "GET /login: the customers that a new shop opens with can log in, and their links lead to an address and a card",
    run: async (shop) => {
      for (const { username, password, id, address, card } of seeded) {
        const { status, body } = await login(shop, username, password);
        assert.deepEqual([status, body.user.id, body.user.username], [200, id, username]);
        mustHaveForm(body.user, originalForms.customer);
        const addresses = await shop.get<Addresses>(pathOf(body.user._links.addresses));
        assert.ok(addresses.body._embedded.address.some((each) => each.id === address));
        const cards = await shop.get<Cards>(pathOf(body.user._links.cards));
        assert.ok(cards.body._embedded.card.some((each) => each.id === card));
        assert.deepEqual((await shop.get<Added>(`/addresses/${address}`)).body.id, address);
        assert.deepEqual((await shop.get<Added>(`/cards/${card}`)).body.id, card);
      }
    },
  },
  {
    name: "GET /login: a wrong password, an unknown name and no credentials at all are 401",
    hostile: true,
    run: async (shop) => {
      const pairs = [
        ["user", "wrong"],
        ["user", ""],
        ["user", "Password"],
        ["nobody", "password"],
        ["", ""],
        ["a\u0000b", "x"],
        ["__proto__", "x"],
        ["x".repeat(500), "x"],
      ] as const;
      for (const [username, password] of pairs) problemIn(await login(shop, username, password), 401);
      for (const authorization of ["Basic", "Basic !", "Basic dXNlcg==", "Bearer x"])
        problemIn(await shop.request("GET", "/login", { headers: { authorization } }), 401);
      problemIn(await shop.get("/login"), 401);
    },
  },
  {
    name: "POST /register: 200 with an id; then the customer can log in and be read",
    run: async (shop) => {
      const username = shop.fresh("name");
      const account = { username, password: "pass: word ü", email: "a@example.com", firstName: "Ada", lastName: "Lovelace" };
      const { status, body } = await register(shop, account);
      assert.equal(status, 200);
      mustHaveForm(body, originalForms.statusResponse);
      const known = await login(shop, username, account.password);
      assert.deepEqual([known.status, known.body.user.id], [200, body.id]);
      const customer = await shop.get<CustomerBody>(`/customers/${body.id}`);
      assert.equal(customer.status, 200);
      mustHaveForm(customer.body, originalForms.customer);
      const { _links, ...rest } = customer.body;
      assert.deepEqual(rest, { id: body.id, username, firstName: "Ada", lastName: "Lovelace" });
      assert.equal(pathOf(_links.self), `/customers/${body.id}`);
      assert.deepEqual(_links.customer, _links.self);
      assert.deepEqual(
        [pathOf(_links.addresses), pathOf(_links.cards)],
        [`/customers/${body.id}/addresses`, `/customers/${body.id}/cards`],
      );
    },
  },
  {
    name: "POST /register and POST /customers: name and password are enough, and a taken name is 409",
    run: async (shop) => {
      for (const path of ["/register", "/customers"]) {
        const username = shop.fresh("name");
        assert.equal((await shop.send("POST", path, { username, password: "one" })).status, 200);
        const problem = problemIn(await shop.send("POST", path, { username, password: "two" }), 409);
        assert.equal(problem.rejection, "UsernameTaken");
        assert.equal((await login(shop, username, "one")).status, 200);
        problemIn(await login(shop, username, "two"), 401);
      }
      problemIn(await register(shop, { username: "user", password: "mine" }), 409);
    },
  },
  {
    name: "POST /register: of many at once for one name exactly one gets it",
    run: async (shop) => {
      const username = shop.fresh("name");
      const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => register(shop, { username, password: `p${i}` })));
      const winners = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
      assert.equal(winners.length, 1);
      assert.equal(answers.filter(({ status }) => status === 409).length, 5);
      assert.equal((await login(shop, username, `p${winners[0]}`)).status, 200);
    },
  },
  {
    name: "POST /register: repeated under one Idempotency-Key it registers once, with another body it is 422",
    run: async (shop) => {
      const account = { username: shop.fresh("name"), password: "secret" };
      const headers = { "idempotency-key": shop.fresh("key") };
      const first = await register(shop, account, headers);
      const again = await register(shop, account, headers);
      assert.deepEqual([again.status, again.body, again.headers.get("idempotency-replayed")], [200, first.body, "true"]);
      problemIn(await register(shop, { ...account, password: "other" }, headers), 422);
    },
  },
  {
    name: "POST /register: what is no account is 422",
    hostile: true,
    run: async (shop) => {
      const username = shop.fresh("name");
      const password = "secret";
      const wrong = [{}, { username }, { password }, { username: "", password }, { username, password: "" }, { username: 7, password }];
      const odd = ["a:b", "a\nb", "\u0000", "\ud800", "x".repeat(65)].map((name) => ({ username: name, password }));
      const long = [
        { username, password: "x".repeat(257) },
        { username, password, firstName: "x".repeat(129) },
        { username, password, email: 1 },
      ];
      for (const account of [...wrong, ...odd, ...long]) {
        const { errors = [] } = problemIn(await register(shop, account), 422);
        assert.ok(errors.length > 0, JSON.stringify(account));
      }
      problemIn(await login(shop, username, password), 401);
    },
  },
  {
    name: "GET /customers/:id: who is no customer is 404, and by its status_code existing clients see that it is no customer's profile",
    run: async (shop) => {
      const answer = await shop.get<{ readonly status_code?: number }>(`/customers/${shop.fresh("nobody")}`);
      assert.equal(problemIn(answer, 404).rejection, "UnknownCustomer");
      assert.equal(answer.body.status_code, 500);
      problemIn(await shop.get("/customers/constructor"), 404);
    },
  },
  {
    name: "DELETE /customers/:id: {status: true}, also again and of nobody; the name is free afterwards, the id is not",
    run: async (shop) => {
      const { id, username } = await newcomer(shop);
      await shop.send("POST", "/addresses", { ...home, userID: id });
      for (let i = 0; i < 2; i += 1) {
        const { status, body } = await shop.delete(`/customers/${id}`);
        assert.equal(status, 200);
        mustHaveForm(body, originalForms.deleteResponse);
        assert.deepEqual(body, { status: true });
      }
      assert.deepEqual((await shop.delete<object>(`/customers/${shop.fresh("nobody")}`)).body, { status: true });
      problemIn(await shop.get(`/customers/${id}`), 404);
      problemIn(await login(shop, username, "secret"), 401);
      assert.deepEqual((await shop.get(`/customers/${id}/addresses`)).body, { _embedded: { address: [] } });
      problemIn(await shop.send("POST", "/addresses", { ...home, userID: id }), 404);
      const again = await register(shop, { username, password: "secret" });
      assert.equal(again.status, 200);
      assert.notEqual(again.body.id, id);
    },
  },
];

const belongings: readonly Behaviour[] = [
  {
    name: "GET addresses and cards of an id that is no customer: 200 and empty lists, as anonymous sessions need them",
    run: async (shop) => {
      for (const id of [shop.fresh("session"), "undefined", "null", "a%20%2F%3A", "Xo-_9".repeat(6)]) {
        const addresses = await shop.get(`/customers/${id}/addresses`);
        assert.deepEqual([addresses.status, addresses.body], [200, { _embedded: { address: [] } }], id);
        const cards = await shop.get(`/customers/${id}/cards`);
        assert.deepEqual([cards.status, cards.body], [200, { _embedded: { card: [] } }], id);
      }
    },
  },
  {
    name: "POST /addresses: {id}, and the address is in its customer's list and under its own link",
    run: async (shop) => {
      const { id: userID } = await newcomer(shop);
      const { status, body } = await shop.send<Added>("POST", "/addresses", { ...home, userID });
      assert.equal(status, 200);
      mustHaveForm(body, originalForms.statusResponse);
      const list = await shop.get<{ readonly _embedded: { readonly address: readonly { readonly _links: { readonly self: Link } }[] } }>(
        `/customers/${userID}/addresses`,
      );
      mustHaveForm(list.body, originalForms.listAddressResponse);
      const [only, ...more] = list.body._embedded.address;
      assert.equal(more.length, 0);
      const single = await shop.get<object>(pathOf(only?._links.self ?? { href: "http://x/none" }));
      mustHaveForm(single.body, originalForms.address);
      assert.deepEqual(single.body, only);
      assert.deepEqual({ ...single.body, _links: 0 }, { id: body.id, ...home, _links: 0 });
    },
  },
  {
    name: "POST /addresses: what is left out is empty, and without a customer it is found by its id",
    run: async (shop) => {
      const { body } = await shop.send<Added>("POST", "/addresses", { street: "teststreet", number: "15", country: "The Netherlands" });
      const { body: address } = await shop.get<object>(`/addresses/${body.id}`);
      mustHaveForm(address, originalForms.address);
      assert.deepEqual(
        { ...address, _links: 0 },
        {
          id: body.id,
          number: "15",
          street: "teststreet",
          city: "",
          postcode: "",
          country: "The Netherlands",
          _links: 0,
        },
      );
    },
  },
  {
    name: "POST /addresses: a session's id may be any text",
    run: async (shop) => {
      for (const name of ["\u0001", "a/b?c#d", "__proto__", "ünï 😀"]) {
        const userID = `${name}${shop.fresh("session")}`;
        const { status, body } = await shop.send<Added>("POST", "/addresses", { ...home, userID });
        assert.equal(status, 200, name);
        const list = await shop.get<Addresses>(`/customers/${encodeURIComponent(userID)}/addresses`);
        assert.deepEqual(
          list.body._embedded.address.map(({ id }) => id),
          [body.id],
          name,
        );
      }
    },
  },
  {
    name: "POST /cards: {id}; the number is masked but for the last four digits, wherever the card is read",
    run: async (shop) => {
      const { id: userID } = await newcomer(shop);
      const { status, body } = await shop.send<Added>("POST", "/cards", { ...visa, userID });
      assert.equal(status, 200);
      mustHaveForm(body, originalForms.statusResponse);
      const list = await shop.get<Cards>(`/customers/${userID}/cards`);
      mustHaveForm(list.body, originalForms.getCardsResponse);
      const single = await shop.get<CardBody>(`/cards/${body.id}`);
      mustHaveForm(single.body, originalForms.card);
      assert.deepEqual(list.body._embedded.card, [single.body]);
      assert.equal(single.body.longNum, "************1234");
      for (const text of [JSON.stringify(list.body), JSON.stringify(single.body)]) {
        assert.ok(!/4111|987/.test(text.replaceAll(body.id, "").replaceAll(userID, "")), text);
      }
    },
  },
  {
    name: "POST /cards: what is no card number is 422",
    hostile: true,
    run: async (shop) => {
      for (const longNum of [undefined, null, 4111111111111234, "", "1234", "4111-1111-x", "1".repeat(20), "١٢٣٤٥٦٧٨"])
        problemIn(await shop.send("POST", "/cards", { ...visa, longNum }), 422);
      problemIn(await shop.send("POST", "/cards", { ...visa, expires: "x".repeat(17) }), 422);
      for (const userID of ["", "x".repeat(129), "\ud800", "a\u0000", 7, null])
        problemIn(await shop.send("POST", "/cards", { ...visa, userID }), 422);
      problemIn(await shop.send("POST", "/addresses", { ...home, street: "x".repeat(129) }), 422);
    },
  },
  {
    name: "DELETE /addresses/:id and /cards/:id: {status: true}, also again and of nothing; then it is gone from everywhere",
    run: async (shop) => {
      const { id: userID } = await newcomer(shop);
      for (const [path, value] of [
        ["addresses", home],
        ["cards", visa],
      ] as const) {
        const { id } = (await shop.send<Added>("POST", `/${path}`, { ...value, userID })).body;
        for (const target of [id, id, shop.fresh("none")]) {
          const { status, body } = await shop.delete<object>(`/${path}/${target}`);
          assert.deepEqual([status, body], [200, { status: true }]);
        }
        problemIn(await shop.get(`/${path}/${id}`), 404);
      }
      assert.deepEqual((await shop.get(`/customers/${userID}/cards`)).body, { _embedded: { card: [] } });
      assert.deepEqual((await shop.get(`/customers/${userID}/addresses`)).body, { _embedded: { address: [] } });
    },
  },
  {
    name: "an id that can be nobody's is 422, or not there, never a failure",
    hostile: true,
    run: async (shop) => {
      for (const id of ["%00", "__proto__", "a%20b", "x".repeat(200), "%F0%9F%98%80"]) {
        for (const path of [`/customers/${id}`, `/addresses/${id}`, `/cards/${id}`, `/customers/${id}/cards`]) {
          const { status } = await shop.get(path);
          assert.ok(status === 200 || status === 404 || status === 422, `GET ${path}: ${status}`);
        }
        for (const path of [`/customers/${id}`, `/addresses/${id}`, `/cards/${id}`]) {
          const { status } = await shop.delete(path);
          assert.ok(status === 200 || status === 422, `DELETE ${path}: ${status}`);
        }
      }
    },
  },
  {
    name: "links are absolute, on the host that the client used",
    hostile: true,
    run: async (shop) => {
      const [user] = seeded;
      const { body } = await shop.get<CustomerBody>(`/customers/${user.id}`);
      const origin = new URL(body._links.self.href).origin;
      assert.equal(origin, shop.origin);
      for (const { href } of Object.values(body._links)) assert.ok(href.startsWith(`${origin}/customers/${user.id}`), href);
    },
  },
];

export const userBehaviours: readonly Behaviour[] = [...accounts, ...belongings];
