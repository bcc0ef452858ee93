// The OpenAPI 3.1 document of a gateway, derived from its routes and their contracts. Everything that the gateway answers is
// described, so that a validating proxy in front of it finds no contradiction.
import { jsonSchema } from "@atoll/core/contract";
import type { Limits } from "./limits.ts";
import { SchemaComponents, type SchemaObject } from "./openapi-schemas.ts";
import { healthSchema, ownPaths, problemSchema, sharedHeaders, sharedParameters, sharedResponses } from "./openapi-shared.ts";
import type { PlainPath } from "./plain-handlers.ts";
import { failureStatus, problems } from "./problem.ts";
import { bodyNeeded, bodyUseOf } from "./route-plan.ts";
import type { Route } from "./route.ts";

export interface DescribedEdge {
  readonly system: string;
  readonly routes: readonly Route[];
  readonly plain: readonly PlainPath[];
  readonly limits: Limits;
}

/** What the edge answers by itself at a path that exists: a rejection with such a status is not the only thing it can mean. */
const edgeStatuses: ReadonlySet<number> = new Set([
  ...Object.values(problems).flatMap(({ status }) => (status === 404 || status === 409 ? [] : [status])),
  ...Object.values(failureStatus),
]);

const shared = (name: string): SchemaObject => ({ $ref: `#/components/responses/${name}` });
const problemOfKind = (schema: SchemaObject): SchemaObject => ({ "application/problem+json": { schema } });

export function openApiDocument({ system, routes, plain, limits }: DescribedEdge): object {
  const schemas = new SchemaComponents();
  schemas.place(problemSchema, "Problem");
  schemas.place(healthSchema, "Health");
  const paths = new PathItems();
  const ids = new Set<string>();
  for (const route of routes) {
    const { path, names } = paths.at(route.pattern.segments, route.pattern.names);
    paths.add(path, route.pattern.method, { operationId: idOf(route, ids), ...describeRoute(route, names, schemas) });
  }
  for (const { method, path } of plain) describePlain(method, path, paths, ids);
  const contracts = new Map(routes.map(({ to }) => [to.contract.$.name, to.contract.$.version]));
  return {
    openapi: "3.1.0",
    info: {
      title: system,
      version: "1",
      description: `The HTTP interface of the system "${system}". Every error is a problem document (RFC 9457) with a stable \`code\`.`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "This gateway." }],
    security: [],
    tags: [
      ...[...contracts].map(([name, version]) => ({ name, description: `Contract "${name}", version ${version}.` })),
      ...(plain.length > 0 ? [{ name: "other", description: "What no contract describes." }] : []),
      { name: "gateway", description: "What every gateway answers." },
    ],
    paths: { ...paths.all(), ...ownPaths },
    components: { schemas: schemas.all(), responses: sharedResponses(limits), parameters: sharedParameters, headers: sharedHeaders },
  };
}

/** Operations by path. Two routes that differ only in the names of their parameters share a path, and the names of the first. */
class PathItems {
  readonly #items = new Map<string, Record<string, SchemaObject>>();
  readonly #byShape = new Map<string, { readonly path: string; readonly names: readonly string[] }>();

  at(segments: readonly (string | undefined)[], names: readonly string[]): { readonly path: string; readonly names: readonly string[] } {
    const shape = segments.map((segment) => segment ?? "{}").join("/");
    const known = this.#byShape.get(shape);
    if (known) return known;
    let i = 0;
    const described = { path: `/${segments.map((segment) => segment ?? `{${names[i++] as string}}`).join("/")}`, names };
    this.#byShape.set(shape, described);
    return described;
  }

  add(path: string, method: string, operation: SchemaObject): void {
    const item = this.#items.get(path) ?? {};
    item[method.toLowerCase()] ??= operation;
    this.#items.set(path, item);
  }

  all(): { readonly [path: string]: SchemaObject } {
    return Object.fromEntries(this.#items);
  }
}

function describeRoute(route: Route, names: readonly string[], schemas: SchemaComponents): SchemaObject {
  const { to, pattern, body } = route;
  const { $: contract } = to.contract;
  const title = `${pascal(contract.name)}.${to.name}`;
  const post = pattern.method === "POST";
  const parameters = [
    ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string", minLength: 1 } })),
    ...queryParameters(route, schemas, title),
    ...(post ? [{ $ref: "#/components/parameters/IdempotencyKey" }] : []),
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
  const { status, replyBody, from, to } = route;
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
      ...replayedHeader(post),
      ...(empty ? {} : { content: { "application/json": { schema } } }),
    },
  };
}

const replayedHeader = (post: boolean): SchemaObject =>
  post ? { headers: { "Idempotency-Replayed": { $ref: "#/components/headers/IdempotencyReplayed" } } } : {};

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
      ...replayedHeader(post),
      content: problemOfKind(forms.length === 1 ? (forms[0] as SchemaObject) : { anyOf: forms }),
    };
  }
  return common;
}

/** Nothing is known of a plain handler but its path. */
function describePlain(method: string, path: string, paths: PathItems, ids: Set<string>): void {
  const names: string[] = [];
  const segments = path
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment) => {
      const name = /^:([A-Za-z_]\w*)/.exec(segment)?.[1] ?? (segment === "*" ? `rest${names.length || ""}` : undefined);
      if (name === undefined) return segment;
      names.push(name);
      return undefined;
    });
  const described = paths.at(segments, names);
  const anything = { description: "Whatever the handler answers.", content: { "*/*": { schema: {} } } };
  paths.add(described.path, method, {
    operationId: free(`${method.toLowerCase()}${pascal(path.replaceAll(/[^A-Za-z0-9]+/g, "-"))}`, ids),
    tags: ["other"],
    summary: `${method} ${path}`,
    ...(names.length > 0
      ? { parameters: described.names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })) }
      : {}),
    responses: { "200": anything, "4XX": anything, default: anything },
  });
}

function idOf({ to }: Route, taken: Set<string>): string {
  const name = pascal(to.contract.$.name);
  return free(`${name.charAt(0).toLowerCase()}${name.slice(1)}${pascal(to.name)}`, taken);
}

function free(wanted: string, taken: Set<string>): string {
  for (let i = 1; ; i++) {
    const id = i === 1 ? wanted : `${wanted}${i}`;
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
}

/** "order-history" → "OrderHistory". */
const pascal = (name: string): string => name.replaceAll(/(?:^|-)([A-Za-z0-9])/g, (_, first: string) => first.toUpperCase());
