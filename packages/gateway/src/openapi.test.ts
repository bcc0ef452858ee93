import assert from "node:assert/strict";
import { test } from "node:test";
import { contract } from "@atoll/core";
import * as z from "zod";
import { virtually } from "../test/virtual-gateway.ts";
import { defaultLimits } from "./limits.ts";
import { openApiDocument } from "./openapi.ts";
import { referencePage } from "./reference-page.ts";
import { route, type Route } from "./route.ts";

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name?: string;
    readonly $ref?: string;
    readonly required?: boolean;
    readonly schema?: object;
  }[];
  readonly requestBody?: { readonly required: boolean; readonly content: object };
  readonly responses: { readonly [status: string]: { readonly content?: object; readonly headers?: object; readonly $ref?: string } };
}

interface Document {
  readonly openapi: string;
  readonly paths: { readonly [path: string]: { readonly [method: string]: Described } };
  readonly components: { readonly schemas: { readonly [name: string]: object } };
}

const describe = (...routes: readonly Route[]): Document =>
  openApiDocument({ system: "s", routes, plain: [], limits: defaultLimits }) as Document;
const served = async (): Promise<Document> =>
  virtually(async ({ request }) => (await request("GET", "/openapi.json")).json as unknown as Document);
const operations = ({ paths }: Document): readonly Described[] => Object.values(paths).flatMap((item) => Object.values(item));

test("openapi: every route is described once, under an id of its own", async () => {
  const document = await served();
  assert.equal(document.openapi, "3.1.0");
  const described = Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
  assert.equal(described.length, 22 + 4 + 9 + 4);
  for (const one of ["get /stock/{sku}", "put /stock/{sku}", "post /carts/{id}/merge", "get /health", "get /metrics", "get /docs"])
    assert.ok(described.includes(one), one);
  const ids = operations(document).map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.includes("stockReserve") && ids.includes("deskList") && ids.includes("deskList2"));
});

test("openapi: a rejection that may be 202 while something is under way is described with both statuses", async () => {
  const { paths } = await served();
  const responses = paths["/arrivals/{id}"]?.["get"]?.responses;
  assert.ok(responses?.["404"]);
  assert.deepEqual(Object.keys(responses["202"]?.headers ?? {}), ["Atoll-Session", "Location", "Retry-After"]);
  assert.equal(paths["/stock/{sku}"]?.["get"]?.responses["202"], undefined);
});

test("openapi: every reference leads somewhere", async () => {
  const document = await served();
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? "");
  assert.ok(references.length > 50);
  for (const reference of new Set(references)) {
    let target: unknown = document;
    for (const token of reference.slice(2).split("/")) target = (target as Record<string, unknown> | undefined)?.[token];
    assert.notEqual(target, undefined, reference);
  }
});

test("openapi: HEAD is described wherever GET is, with its parameters and without content", async () => {
  const { paths } = await served();
  for (const [path, { get, head }] of Object.entries(paths)) {
    assert.equal(head === undefined, get === undefined, path);
    if (!get || !head) continue;
    assert.deepEqual(head.parameters, get.parameters, path);
    assert.deepEqual(Object.keys(head.responses), Object.keys(get.responses), path);
    assert.doesNotMatch(JSON.stringify(head.responses), /content|\$ref/, path);
  }
  assert.doesNotMatch(referencePage(await served()), />HEAD</, "the page for people says it once");
});

test("openapi: a route with `later` describes its 202, where it leads, and how to ask for it", async () => {
  const { paths } = await served();
  const { parameters = [], responses } = paths["/shipments"]?.["post"] ?? assert.fail();
  assert.ok(parameters.some(({ $ref }) => $ref === "#/components/parameters/Prefer"));
  assert.deepEqual(Object.keys(responses["202"]?.headers ?? {}), ["Idempotency-Replayed", "Location", "Preference-Applied"]);
  assert.deepEqual(Object.keys(responses["201"]?.headers ?? {}), ["Atoll-Session", "Idempotency-Replayed", "Location"]);
  assert.equal(paths["/orders"]?.["post"]?.responses["202"], undefined);
});

test("openapi: a feed is described with its messages, and with how to go on", async () => {
  const document = await served();
  const { parameters = [], responses, operationId } = document.paths["/parcels/{id}/moves"]?.["get"] ?? assert.fail();
  assert.equal(operationId, "parcelMoved");
  assert.deepEqual(parameters.map(({ name, $ref }) => name ?? $ref?.split("/").at(-1)), ["id", "LastEventId", "FeedFrom"]); // prettier-ignore
  assert.deepEqual(Object.keys(responses), ["200", "400", "410", "422", "500", "503", "default"]);
  assert.match(
    JSON.stringify(responses["200"]),
    /"text\/event-stream".*"contentSchema":\{"\$ref":"#\/components\/schemas\/Parcel\.moved"\}/,
  );
  assert.ok("Parcel.moved" in document.components.schemas);
  assert.match(referencePage(document), /parcelMoved/);
});

test("openapi: parameters come from path and query schema, the key header belongs to every POST and to nothing else", async () => {
  const { paths } = await served();
  assert.deepEqual(paths["/list"]?.["get"]?.parameters, [
    { name: "tags", in: "query", required: false, schema: { type: "string", default: "" } },
    {
      name: "page",
      in: "query",
      required: false,
      schema: { type: "integer", exclusiveMinimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 1 },
    },
    {
      name: "sizes",
      in: "query",
      required: false,
      schema: {
        type: "array",
        items: { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        default: [],
      },
    },
    { name: "deep", in: "query", required: false, schema: { type: "boolean", default: false } },
    { $ref: "#/components/parameters/Session" },
  ]);
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, { parameters = [] }] of Object.entries(item)) {
      assert.equal(
        parameters.some(({ $ref }) => $ref?.endsWith("/IdempotencyKey") ?? false),
        method === "post",
        `${method} ${path}`,
      );
      for (const [, name] of path.matchAll(/\{(\w+)\}/g))
        assert.ok(
          parameters.some((parameter) => parameter.name === name && parameter.required),
          path,
        );
    }
  }
});

test("openapi: bodies are described where there are any, and required where one is needed", async () => {
  const { paths } = await served();
  const body = (path: string, method = "post") => paths[path]?.[method]?.requestBody;
  assert.equal(body("/acts")?.required, true);
  assert.equal(body("/orders")?.required, true);
  assert.deepEqual(
    [body("/carts/{id}/merge"), body("/carts/{id}", "delete"), body("/stock/{sku}", "get")],
    [undefined, undefined, undefined],
  );
  assert.deepEqual(paths["/stock/{sku}/deliveries"]?.["post"]?.responses["202"]?.content, undefined);
});

test("openapi: a rejection is described under its status, together with what else that status means", async () => {
  const { paths } = await served();
  const responses = paths["/stock/{sku}/reservations"]?.["post"]?.responses ?? {};
  assert.deepEqual(Object.keys(responses), ["201", "400", "409", "413", "415", "422", "500", "503", "504", "default"]);
  assert.match(JSON.stringify(responses["409"]), /"const":"SoldOut"/);
  assert.match(JSON.stringify(responses["422"]), /anyOf.*"const":"Reserved".*components\/schemas\/Problem/);
  assert.match(JSON.stringify(paths["/stock/{sku}"]?.["get"]?.responses["404"]), /"const":"UnknownSku"/);
});

test("openapi: recursive forms become components that refer to themselves", () => {
  const Tree = z.object({
    name: z.string(),
    get children(): z.ZodArray<z.ZodType<{ name: string }>> {
      return z.array(Tree) as never;
    },
  });
  const Forest = contract("forest", {
    version: 1,
    commands: { plant: { in: Tree as never } },
    queries: { all: { out: z.object({ trees: z.array(Tree) }) as never } },
  });
  const { components } = describe(route("POST /trees", Forest.plant), route("GET /trees", Forest.all));
  const text = JSON.stringify(components.schemas);
  assert.match(text, /"Forest\.plant\.input":\{.*"\$ref":"#\/components\/schemas\/Forest\.plant\.input"/);
  assert.doesNotMatch(text, /\$defs|"\$ref":"#"/);
});

test("openapi: a schema whose library cannot express it allows everything, rather than saying something wrong", () => {
  const mute = { "~standard": { version: 1, vendor: "own", validate: (value: unknown) => ({ value: value as string }) } } as const;
  const Mute = contract("mute", { version: 1, commands: { say: { in: mute, out: mute } } });
  const { paths } = describe(route("POST /say", Mute.say));
  assert.match(JSON.stringify(paths["/say"]?.["post"]?.requestBody), /"schema":\{\}/);
});

test("openapi: routes that name the same parameter differently share one path", () => {
  const C = contract("c", { version: 1, queries: { q: {} }, commands: { c: {} } });
  const { paths } = describe(route("GET /a/:id", C.q), route("POST /a/:sku", C.c), route("GET /a/:other/b", C.q));
  assert.deepEqual(Object.keys(paths).slice(0, 2), ["/a/{id}", "/a/{other}/b"]);
  assert.deepEqual(Object.keys(paths["/a/{id}"] ?? {}), ["get", "post", "head"]);
});

test("reference page: names from contracts are escaped", () => {
  const Odd = contract("odd", {
    version: 1,
    commands: { c: { in: z.object({ "<b>&\"'": z.string().describe("<script>alert(1)</script>").default("</pre>") }) } },
  });
  const page = referencePage(describe(route("POST /odd", Odd.c)));
  assert.doesNotMatch(page, /<script|<b>&"|default.*<\/pre>"/);
  assert.ok(page.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
});
