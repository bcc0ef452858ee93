// What the OpenAPI document says of one route: derived from route and contract.
import { jsonSchema } from "@atoll/core/contract";
import type { SchemaComponents, SchemaObject } from "./openapi-schemas.ts";
import { failureStatus, problems } from "./problem.ts";
import { bodyNeeded, bodyUseOf } from "./route-plan.ts";
import type { Route } from "./route.ts";

/** What the edge answers by itself at a path that exists: a rejection with such a status is not the only thing it can mean. */
const edgeStatuses: ReadonlySet<number> = new Set([
  ...Object.values(problems).flatMap(({ status }) => (status === 404 || status === 409 ? [] : [status])),
  ...Object.values(failureStatus),
]);

export const shared = (name: string): SchemaObject => ({ $ref: `#/components/responses/${name}` });
const problemOfKind = (schema: SchemaObject): SchemaObject => ({ "application/problem+json": { schema } });

/** Of every 202 that says where the outcome will be. */
const acceptedContent: SchemaObject = {
  "application/json": {
    schema: {
      type: "object",
      required: ["status", "location"],
      properties: { status: { const: "accepted" }, location: { type: "string", format: "uri-reference" } },
    },
  },
};

export function describeRoute(route: Route, names: readonly string[], schemas: SchemaComponents): SchemaObject {
  const { to, pattern, body } = route;
  const { $: contract } = to.contract;
  const title = `${pascal(contract.name)}.${to.name}`;
  const post = pattern.method === "POST";
  const parameters = [
    ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string", minLength: 1 } })),
    ...queryParameters(route, schemas, title),
    { $ref: "#/components/parameters/Session" },
    ...(post ? [{ $ref: "#/components/parameters/IdempotencyKey" }] : []),
    ...(route.later ? [{ $ref: "#/components/parameters/Prefer" }] : []),
  ];
  const use = bodyUseOf(route);
  const form = use === "own" ? body : use === "input" ? to.operation.in : undefined;
  const requestBody = form && {
    required: bodyNeeded(route),
    content: { "application/json": { schema: schemas.refer(form, "input", use === "own" ? `${title}.body` : `${title}.input`) } },
  };
  return {
    tags: [contract.name],
    summary: `${to.name} of ${contract.name}`,
    description: to.kind === "command" ? "A command: what it changed is on disk before it is answered." : "A query: it changes nothing.",
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: { ...success(route, schemas, title, post), ...refusals(route, schemas, title, post, use !== "unread") },
  };
}

function queryParameters(route: Route, schemas: SchemaComponents, title: string): readonly SchemaObject[] {
  const form = (route.query && jsonSchema(route.query, "input")) ?? {};
  const required = new Set((form["required"] ?? []) as readonly string[]);
  const defs = form["$defs"] === undefined ? {} : { $defs: form["$defs"] };
  return Object.entries((form["properties"] ?? {}) as { readonly [name: string]: SchemaObject }).map(([name, schema]) => {
    const { description, ...rest } = schema;
    const placed = schemas.place({ ...rest, ...defs }, `${title}.query.${name}`);
    return { name, in: "query", required: required.has(name), ...(description === undefined ? {} : { description }), schema: placed };
  });
}

function success(route: Route, schemas: SchemaComponents, title: string, post: boolean): { readonly [status: string]: SchemaObject } {
  const { status, replyBody, from, to, later } = route;
  const { out } = to.operation;
  const empty = status === 204 || status === 205 || (!from && !out && !replyBody);
  const schema = replyBody
    ? schemas.refer(replyBody, "input", `${title}.reply`)
    : from
      ? {}
      : out
        ? schemas.refer(out, "output", `${title}.reply`)
        : {};
  return {
    [status]: {
      description: empty ? "Done." : "The reply.",
      ...headers({ "Atoll-Session": true, "Idempotency-Replayed": post, Location: later !== undefined && status === 201 }),
      ...(empty ? {} : { content: { "application/json": { schema } } }),
    },
    ...(later && {
      202: {
        description: "Accepted: it is carried out, and `Location` is where its outcome can be seen.",
        ...headers({ "Idempotency-Replayed": post, Location: true, "Preference-Applied": true }),
        content: acceptedContent,
      },
    }),
    ...(Object.values(route.rejects).some(({ accepted }) => accepted) && {
      202: {
        description: "Not there yet: a request that was answered 202 with this path is being carried out. Ask again.",
        ...headers({ "Atoll-Session": true, Location: true, "Retry-After": true }),
        content: acceptedContent,
      },
    }),
  };
}

function headers(wanted: { readonly [name: string]: boolean }): SchemaObject {
  const names = Object.keys(wanted).filter((name) => wanted[name]);
  if (names.length === 0) return {};
  return { headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name.replaceAll("-", "")}` }])) };
}

function refusals(
  route: Route,
  schemas: SchemaComponents,
  title: string,
  post: boolean,
  body: boolean,
): { readonly [status: string]: SchemaObject } {
  const common: Record<string, SchemaObject> = {
    400: shared("Malformed"),
    ...(body ? { 413: shared("BodyTooLarge"), 415: shared("UnsupportedMediaType") } : {}),
    422: shared("Invalid"),
    500: shared("Failed"),
    503: shared("Unavailable"),
    504: shared("UnknownOutcome"),
    default: shared("Problem"),
  };
  const byStatus = new Map<number, { readonly name: string; readonly schema: SchemaObject }[]>();
  for (const [name, details] of Object.entries(route.to.operation.rejects ?? {})) {
    const how = route.rejects[name];
    const shown = how?.with ? {} : { details: schemas.refer(details, "output", `${title}.${name}`) };
    const properties = { code: { const: "REJECTED" }, rejection: { const: name }, ...shown };
    const schema = { allOf: [{ $ref: "#/components/schemas/Problem" }, { type: "object", required: Object.keys(properties), properties }] };
    const status = how?.status ?? 409;
    byStatus.set(status, [...(byStatus.get(status) ?? []), { name, schema }]);
  }
  for (const [status, rejections] of byStatus) {
    const ambiguous = edgeStatuses.has(status);
    const forms = [...rejections.map(({ schema }) => schema), ...(ambiguous ? [{ $ref: "#/components/schemas/Problem" }] : [])];
    common[status] = {
      description: `Rejected: ${rejections.map(({ name }) => name).join(", ")}${ambiguous ? "; or a problem of the request" : ""}.`,
      ...headers({ "Idempotency-Replayed": post }),
      content: problemOfKind(forms.length === 1 ? (forms[0] as SchemaObject) : { anyOf: forms }),
    };
  }
  return common;
}

/** "order-history" → "OrderHistory". */
export const pascal = (name: string): string => name.replaceAll(/(?:^|-)([A-Za-z0-9])/g, (_, first: string) => first.toUpperCase());
