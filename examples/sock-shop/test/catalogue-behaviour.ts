// The catalogue over HTTP: what existing clients of the original demo rely on, and what becomes of hostile requests.
import assert from "node:assert/strict";
import { mustHaveForm, originalForms } from "./original-forms.ts";
import { problemIn, type Behaviour, type ShopClient } from "./shop-client.ts";

interface Sock {
  readonly id: string;
  readonly name: string;
  readonly imageUrl: readonly string[];
  readonly price: number;
  readonly count: number;
  readonly tag: readonly string[];
}

const weave = "6d62d909-f957-430e-8689-b5129c0bb75e";
const figueroa = "819e1fbf-8b7e-4f6d-811f-693534916a8b";

const namesOf = async (shop: ShopClient, query: string): Promise<readonly string[]> => {
  const { status, body } = await shop.get<readonly Sock[]>(`/catalogue${query}`);
  assert.equal(status, 200);
  return body.map(({ name }) => name);
};

export const catalogueBehaviours: readonly Behaviour[] = [
  {
    name: "GET /catalogue: the first ten socks, in the original's form",
    run: async (shop) => {
      const { status, type, body } = await shop.get<readonly Sock[]>("/catalogue");
      assert.equal(status, 200);
      assert.match(type, /^application\/json/);
      assert.equal(body.length, 10);
      mustHaveForm(body, originalForms.listResponse);
      for (const { imageUrl } of body) assert.equal(imageUrl.length, 2);
    },
  },
  {
    name: "GET /catalogue/:id: one sock, with a decimal price, its tags and its pictures",
    run: async (shop) => {
      const { status, body } = await shop.get<Sock>(`/catalogue/${weave}`);
      assert.equal(status, 200);
      mustHaveForm(body, originalForms.getAnItemResponse);
      const { name, price, tag, imageUrl } = body;
      assert.deepEqual(
        { name, price, tag, imageUrl },
        {
          name: "Weave special",
          price: 17.15,
          tag: ["geek", "black"],
          imageUrl: ["/catalogue/images/weave1.jpg", "/catalogue/images/weave2.jpg"],
        },
      );
    },
  },
  {
    name: "GET /catalogue/:id: the count is the live stock, and a delivery raises it at once",
    run: async (shop) => {
      const before = await shop.get<Sock>(`/catalogue/${figueroa}`);
      await shop.send("POST", `/stock/${figueroa}/deliveries`, { id: shop.fresh("delivery"), quantity: 3 });
      const after = await shop.get<Sock>(`/catalogue/${figueroa}`);
      assert.equal(after.body.count, before.body.count + 3);
      const list = await shop.get<readonly Sock[]>("/catalogue?tags=green");
      assert.equal(list.body.find(({ id }) => id === figueroa)?.count, after.body.count);
    },
  },
  {
    name: "GET /catalogue/:id: an unknown id is 404, whatever it looks like",
    run: async (shop) => {
      for (const id of ["none", "%F0%9F%A7%A6", "a%2Fb", "__proto__", "..%2F..%2Fetc%2Fpasswd", "x".repeat(1_000)]) {
        assert.equal(problemIn(await shop.get(`/catalogue/${id}`), 404).rejection, "UnknownSock");
      }
    },
  },
  {
    name: "GET /catalogue: tags are alternatives, empty tags are no filter",
    run: async (shop) => {
      assert.deepEqual(await namesOf(shop, "?tags=geek"), ["Weave special", "YouTube.sock"]);
      assert.deepEqual(await namesOf(shop, "?tags=magic,geek"), ["Holy", "Weave special", "YouTube.sock"]);
      assert.deepEqual(await namesOf(shop, "?tags=magic%2Cgeek"), ["Holy", "Weave special", "YouTube.sock"]);
      assert.deepEqual(await namesOf(shop, "?tags=magic&tags=geek"), ["Holy", "Weave special", "YouTube.sock"]);
      assert.equal((await namesOf(shop, "?tags=")).length, 10);
      assert.equal((await namesOf(shop, "?page=1&size=6&tags=")).length, 6);
      assert.deepEqual(await namesOf(shop, "?tags=true"), []);
    },
  },
  {
    name: "GET /catalogue: pages start at 1 and end in an empty one; a page may be asked to be huge",
    run: async (shop) => {
      const pages = await Promise.all([1, 2, 3, 4].map((page) => namesOf(shop, `?page=${page}&size=3`)));
      assert.deepEqual(pages.flat(), await namesOf(shop, ""));
      assert.deepEqual(await namesOf(shop, "?page=5&size=3"), []);
      assert.deepEqual(await namesOf(shop, "?page=9007199254740991"), []);
      assert.equal((await namesOf(shop, "?size=1000000000")).length, 10);
    },
  },
  {
    name: "GET /catalogue: it sorts by id, name and price",
    run: async (shop) => {
      const byName = await namesOf(shop, "?sort=name");
      assert.deepEqual(byName, [...byName].sort());
      assert.deepEqual(await namesOf(shop, "?sort=id"), await namesOf(shop, ""));
      const prices = (await shop.get<readonly Sock[]>("/catalogue?sort=price")).body.map(({ price }) => price);
      assert.deepEqual(
        prices,
        [...prices].sort((a, b) => a - b),
      );
    },
  },
  {
    name: "GET /catalogue: pages, sizes and orders that are none are 422 and named",
    hostile: true,
    run: async (shop) => {
      for (const query of [
        "page=0",
        "page=-1",
        "page=one",
        "page=1.5",
        "page=",
        "size=0",
        "size=-3",
        "size=ten",
        "size=1e400",
        "page=1&page=2",
        "sort=colour",
      ]) {
        const { errors = [] } = problemIn(await shop.get(`/catalogue?${query}`), 422);
        assert.equal(errors[0]?.pointer, `#query/${query.split("=")[0]}`, query);
      }
    },
  },
  {
    name: "GET /catalogue: parameters that nobody knows are ignored, bad percent-encoding is 400",
    hostile: true,
    run: async (shop) => {
      assert.equal((await namesOf(shop, "?size=5&custId=7&__proto__=x")).length, 5);
      problemIn(await shop.get("/catalogue?tags=%zz"), 400);
      problemIn(await shop.get("/catalogue/%c3"), 400);
    },
  },
  {
    name: "GET /catalogue/size: how many socks a filter leaves",
    run: async (shop) => {
      const all = await shop.get("/catalogue/size");
      assert.deepEqual([all.status, all.body], [200, { size: 10, err: null }]);
      mustHaveForm(all.body, originalForms.getSizeResponse);
      assert.deepEqual((await shop.get("/catalogue/size?tags=")).body, { size: 10, err: null });
      assert.deepEqual((await shop.get("/catalogue/size?tags=geek,magic")).body, { size: 3, err: null });
      assert.deepEqual((await shop.get("/catalogue/size?tags=none")).body, { size: 0, err: null });
    },
  },
  {
    name: "GET /tags: the eleven tags in the original's order",
    run: async (shop) => {
      const { status, body } = await shop.get("/tags");
      assert.equal(status, 200);
      mustHaveForm(body, originalForms.listResponse3);
      assert.deepEqual(body, {
        tags: ["brown", "geek", "formal", "blue", "skin", "red", "action", "sport", "black", "magic", "green"],
        err: null,
      });
    },
  },
  {
    name: "GET /catalogue/images/:file: every picture that a sock names is an image",
    run: async (shop) => {
      const { body } = await shop.get<readonly Sock[]>("/catalogue");
      for (const path of body.flatMap(({ imageUrl }) => imageUrl)) {
        const picture = await shop.get<string>(path);
        assert.deepEqual([picture.status, picture.type], [200, "image/svg+xml"], path);
        assert.match(picture.body, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      }
    },
  },
  {
    name: "GET /catalogue/images/:file: a browser asks again each time, because the original front end opens its session with a picture",
    run: async (shop) => {
      const { headers } = await shop.get("/catalogue/images/holy_1.jpeg");
      assert.equal(headers.get("cache-control"), "no-cache");
    },
  },
  {
    name: "GET /catalogue/images/:file: a picture that does not exist is 404",
    hostile: true,
    run: async (shop) => {
      for (const file of ["none.jpg", "..%2Fsocks.ts", "holy_1.jpeg%00", "%2e%2e"])
        problemIn(await shop.get(`/catalogue/images/${file}`), 404);
    },
  },
  {
    name: "the catalogue is only read: other methods are 405 with Allow",
    hostile: true,
    run: async (shop) => {
      for (const path of ["/catalogue", "/catalogue/size", "/tags"]) {
        const answer = await shop.send("POST", path, {});
        problemIn(answer, 405);
        assert.match(answer.headers.get("allow") ?? "", /GET/);
      }
    },
  },
];
