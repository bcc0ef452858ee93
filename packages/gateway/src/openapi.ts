// The OpenAPI 3.1 document of a gateway, derived from its routes and their contracts. Everything that the gateway answers is
// described, so that a validating proxy in front of it finds no contradiction; but for OPTIONS, which says the same at every path.
import type { AnyOpRef, AnyTopicRef } from "@atoll/core/contract";
import type { Feed } from "./feed.ts";
import type { Limits } from "./limits.ts";
import { describeFeed } from "./openapi-feed.ts";
import { describeRoute, pascal } from "./openapi-route.ts";
import { SchemaComponents, type SchemaObject } from "./openapi-schemas.ts";
import { healthSchema, ownPaths, problemSchema, sharedHeaders, sharedParameters, sharedResponses } from "./openapi-shared.ts";
import type { PlainPath } from "./plain-handlers.ts";
import type { Route } from "./route.ts";

export interface DescribedEdge {
  readonly system: string;
  readonly routes: readonly (Route | Feed)[];
  readonly plain: readonly PlainPath[];
  readonly limits: Limits;
}

export function openApiDocument({ system, routes, plain, limits }: DescribedEdge): object {
  const schemas = new SchemaComponents();
  schemas.place(problemSchema, "Problem");
  schemas.place(healthSchema, "Health");
  const paths = new PathItems();
  const ids = new Set<string>();
  for (const route of routes) {
    const { path, names } = paths.at(route.pattern.segments, route.pattern.names);
    paths.add(path, route.pattern.method, {
      operationId: idOf(referenceOf(route), ids),
      ...(route.kind === "feed" ? describeFeed(route, names, schemas) : describeRoute(route, names, schemas)),
    });
  }
  for (const { method, path } of plain) describePlain(method, path, paths, ids);
  const contracts = new Map(routes.map(referenceOf).map(({ contract: { $ } }) => [$.name, $.version]));
  return {
    openapi: "3.1.0",
    info: {
      title: system,
      version: "1",
      description: `The HTTP interface of the system "${system}". Every error is a problem document (RFC 9457) with a stable \`code\`. HEAD is answered like GET, without the body; OPTIONS says in \`Allow\` which methods a path knows.`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "This gateway." }],
    security: [],
    tags: [
      ...[...contracts].map(([name, version]) => ({ name, description: `Contract "${name}", version ${version}.` })),
      ...(plain.length > 0 ? [{ name: "other", description: "What no contract describes." }] : []),
      { name: "gateway", description: "What every gateway answers." },
    ],
    paths: withHeads({ ...paths.all(), ...ownPaths }),
    components: { schemas: schemas.all(), responses: sharedResponses(limits), parameters: sharedParameters, headers: sharedHeaders },
  };
}

interface PathItem {
  readonly [method: string]: SchemaObject;
}

/** Whatever answers GET answers HEAD: a proxy that knows only what is described must let it through. */
function withHeads(paths: { readonly [path: string]: PathItem }): { readonly [path: string]: PathItem } {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [path, item["get"] ? { ...item, head: headOf(item["get"]) } : item]),
  );
}

function headOf({ operationId, summary, tags, parameters, responses }: SchemaObject): SchemaObject {
  const statuses = Object.keys(responses as object).filter((status) => status !== "default");
  const response = { description: "As for GET, without the body." };
  return {
    operationId: `${String(operationId)}Head`,
    tags,
    summary: `Headers of: ${String(summary)}`,
    ...(parameters === undefined ? {} : { parameters }),
    responses: Object.fromEntries([...statuses, "default"].map((status) => [status, response])),
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

  all(): { readonly [path: string]: PathItem } {
    return Object.fromEntries(this.#items);
  }
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

const referenceOf = (route: Route | Feed): AnyOpRef | AnyTopicRef => (route.kind === "feed" ? route.topic : route.to);

function idOf(to: AnyOpRef | AnyTopicRef, taken: Set<string>): string {
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
