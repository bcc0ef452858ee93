// The stock over HTTP, and what the gateway adds for all services.
import assert from "node:assert/strict";
import { problemIn, type Behaviour, type ShopClient } from "./shop-client.ts";

interface Level {
  readonly sku: string;
  readonly available: number;
  readonly reserved: number;
  readonly sold: number;
  readonly received: number;
}

const deliver = (shop: ShopClient, sku: string, delivery: unknown) => shop.send("POST", `/stock/${sku}/deliveries`, delivery);

export const stockBehaviours: readonly Behaviour[] = [
  {
    name: "GET /stock/:sku: what is there of a sock, and where it went",
    run: async (shop) => {
      const { status, body } = await shop.get<Level>("/stock/808a2de1-1aaa-4c25-a9b9-6612e8f29a38");
      assert.equal(status, 200);
      assert.equal(body.sku, "808a2de1-1aaa-4c25-a9b9-6612e8f29a38");
      assert(body.received >= 738);
      assert.equal(body.received, body.available + body.reserved + body.sold);
    },
  },
  {
    name: "GET /stock/:sku: what has received nothing is 404, what cannot be a sku is 422",
    hostile: true,
    run: async (shop) => {
      assert.equal(problemIn(await shop.get(`/stock/${shop.fresh("none")}`), 404).rejection, "UnknownSku");
      for (const sku of ["__proto__", "a%20b", "x".repeat(65), "%00"]) {
        assert.equal(problemIn(await shop.get(`/stock/${sku}`), 422).errors?.[0]?.pointer, "#path/sku", sku);
      }
    },
  },
  {
    name: "POST deliveries: a delivery counts once, however often it is reported",
    run: async (shop) => {
      const sku = shop.fresh("sku");
      const delivery = { id: shop.fresh("delivery"), quantity: 5 };
      for (let i = 0; i < 3; i += 1) assert.equal((await deliver(shop, sku, delivery)).status, 202);
      assert.equal((await deliver(shop, sku, { id: shop.fresh("delivery"), quantity: 2 })).status, 202);
      assert.deepEqual((await shop.get(`/stock/${sku}`)).body, { sku, available: 7, reserved: 0, sold: 0, received: 7 });
    },
  },
  {
    name: "POST deliveries: a delivery reported with another quantity is 409, and the first report counts",
    run: async (shop) => {
      const sku = shop.fresh("sku");
      const id = shop.fresh("delivery");
      await deliver(shop, sku, { id, quantity: 5 });
      const problem = problemIn(await deliver(shop, sku, { id, quantity: 6 }), 409);
      assert.deepEqual([problem.code, problem.rejection], ["REJECTED", "DeliveryDiffers"]);
      assert.equal((await shop.get<Level>(`/stock/${sku}`)).body.received, 5);
    },
  },
  {
    name: "POST deliveries: what is no delivery is 422",
    hostile: true,
    run: async (shop) => {
      const sku = shop.fresh("sku");
      const id = "d1";
      const wrong = [{}, [], { id }, { quantity: 1 }, { id: 7, quantity: 1 }, { id: "", quantity: 1 }, { id: "x".repeat(65), quantity: 1 }];
      const quantities = [0, -5, 2.5, "5", null, 1_000_001].map((quantity) => ({ id, quantity }));
      for (const delivery of [...wrong, ...quantities]) problemIn(await deliver(shop, sku, delivery), 422);
      problemIn(await shop.get(`/stock/${sku}`), 404);
    },
  },
  {
    name: "reservations are none of a client's business: they are not on the gateway",
    hostile: true,
    run: async (shop) => {
      problemIn(await shop.send("POST", `/stock/${shop.fresh("sku")}/reservations`, { orderId: "o1", quantity: 1 }), 404);
    },
  },
];

export const gatewayBehaviours: readonly Behaviour[] = [
  {
    name: "GET /health: every service of the shop is running",
    run: async (shop) => {
      const { status, body } = await shop.get<{
        readonly status: string;
        readonly services: readonly { readonly name: string; readonly state: string }[];
      }>("/health");
      assert.deepEqual([status, body.status], [200, "ok"]);
      const running = new Set(body.services.filter(({ state }) => state === "running").map(({ name }) => name));
      for (const service of ["catalogue", "carts", "stock", "user", "bank", "payment", "orders", "shipping"])
        assert(running.has(service), service);
    },
  },
  {
    name: "GET /health: the original's health check finds each service it looks for, and that it is OK",
    run: async (shop) => {
      const { body } = await shop.get<{ readonly health: readonly { readonly service: string; readonly status: string }[] }>("/health");
      const status = new Map(body.health.map((each) => [each.service, each.status]));
      for (const service of ["catalogue", "carts", "user", "orders", "payment", "shipping"])
        assert.equal(status.get(service), "OK", service);
      assert.deepEqual(new Set(status.values()), new Set(["OK"]));
    },
  },
  {
    name: "GET /metrics: Prometheus text",
    run: async (shop) => {
      const { status, type, body } = await shop.get<string>("/metrics");
      assert.equal(status, 200);
      assert.match(type, /^text\/plain/);
      assert.match(body, /^# TYPE /m);
    },
  },
  {
    name: "GET /openapi.json: every path of the shop is described",
    run: async (shop) => {
      const { body } = await shop.get<{ readonly paths: object }>("/openapi.json");
      const described = Object.keys(body.paths);
      for (const path of ["/catalogue", "/catalogue/size", "/catalogue/{id}", "/catalogue/images/{file}", "/tags"])
        assert(described.includes(path), path);
      for (const path of ["/carts/{customer}", "/carts/{customer}/items", "/carts/{customer}/items/{item}", "/carts/{customer}/merge"]) {
        assert(described.includes(path), path);
      }
      for (const path of ["/login", "/register", "/customers", "/customers/{id}", "/customers/{id}/addresses", "/customers/{id}/cards"])
        assert(described.includes(path), path);
      for (const path of ["/addresses", "/addresses/{id}", "/cards", "/cards/{id}", "/orders/{id}", "/payments/{customer}", "/shipments"])
        assert(described.includes(path), path);
      for (const path of ["/stock/{sku}", "/stock/{sku}/deliveries", "/health", "/metrics"]) assert(described.includes(path), path);
    },
  },
  {
    name: "an unknown path is 404, also below a known one",
    hostile: true,
    run: async (shop) => {
      for (const path of ["/nothing", "/catalogue/", "/catalogue/x/y", "/carts", "/stock", "/catalogue/images"]) {
        const { status } = await shop.get(path);
        assert.equal(status, 404, path);
      }
    },
  },
  {
    name: "GET /: a page for whoever opens the shop in a browser",
    run: async (shop) => {
      const { status, type, body } = await shop.get<string>("/");
      assert.equal(status, 200);
      assert.match(type, /^text\/html/);
      assert.match(body, /<img src="\/catalogue\/images\/holy_1.jpeg"/);
    },
  },
  {
    name: "HEAD is answered like GET, without the body",
    hostile: true, // described, but Prism 5.14 fails on JSON without a body: packages/gateway/test/http-behaviour.ts
    run: async (shop) => {
      for (const path of ["/catalogue", "/tags", "/catalogue/images/holy_1.jpeg"]) {
        const { status, body } = await shop.request("HEAD", path);
        assert.deepEqual([status, body], [200, undefined], path);
      }
    },
  },
];
