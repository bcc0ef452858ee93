// The path of a route, "POST /stock/:sku/deliveries", and the table that finds the route of a request.
//
// Segment by segment, a literal wins over a parameter whatever the order of definition; where the literal leads nowhere
// the parameter is tried. A trailing slash is another path. Parameters are percent-decoded strictly, one segment each,
// so that "a%2Fb" is one value with a slash in it.
import { Failure } from "@atoll/core";
import { Problem } from "./problem.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const methods: ReadonlySet<string> = new Set<Method>(["GET", "POST", "PUT", "PATCH", "DELETE"]);
const segmentsMax = 16;

export interface Pattern {
  readonly method: Method;
  /** As written: "/stock/:sku". */
  readonly path: string;
  /** Literals as they are, parameters as undefined. */
  readonly segments: readonly (string | undefined)[];
  /** Names of the parameters, in the order of the path. */
  readonly names: readonly string[];
}

/** INVALID_DEFINITION names the route and what is wrong with it. */
export function patternOf(route: string): Pattern {
  const wrong = (what: string): Failure => new Failure("INVALID_DEFINITION", { what, at: `route "${route}"` });
  const space = route.indexOf(" ");
  const method = route.slice(0, Math.max(space, 0));
  const path = route.slice(space + 1);
  if (!methods.has(method)) throw wrong(`it must begin with one of ${[...methods].join(", ")} and a space`);
  if (!path.startsWith("/")) throw wrong("its path must begin with a slash");
  const names: string[] = [];
  const segments = path === "/" ? [] : path.slice(1).split("/");
  if (segments.length > segmentsMax) throw wrong(`its path has more than ${segmentsMax} segments`);
  const parsed = segments.map((segment) => {
    if (segment === "") throw wrong("its path has an empty segment, or a slash at its end");
    if (!segment.startsWith(":")) {
      if (!/^[A-Za-z0-9._~-]+$/.test(segment) || segment === "." || segment === "..") {
        throw wrong(`the segment "${segment}" may hold letters, digits and . _ ~ - only`);
      }
      return segment;
    }
    const name = segment.slice(1);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === "__proto__") throw wrong(`":${name}" is no name of a parameter`);
    if (names.includes(name)) throw wrong(`the parameter ":${name}" appears twice`);
    names.push(name);
    return undefined;
  });
  return { method: method as Method, path, segments: parsed, names };
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  readonly routes: Map<string, T>;
}

export type Match<T> =
  | { readonly kind: "found"; readonly route: T; readonly values: readonly string[] }
  /** The path is known, the method is not; `allow` lists those that are. */
  | { readonly kind: "other-method"; readonly allow: ReadonlySet<string> }
  | { readonly kind: "unknown" };

const nodeOf = <T>(): Node<T> => ({ literals: new Map(), parameter: undefined, routes: new Map() });
const unknown = { kind: "unknown" } as const;

export class RouteTable<T> {
  readonly #root: Node<T> = nodeOf();

  /** INVALID_DEFINITION if another route answers the same requests. */
  add(pattern: Pattern, route: T): void {
    let node = this.#root;
    for (const segment of pattern.segments) {
      if (segment === undefined) node = node.parameter ??= nodeOf();
      else {
        let next = node.literals.get(segment);
        if (!next) node.literals.set(segment, (next = nodeOf()));
        node = next;
      }
    }
    if (node.routes.has(pattern.method)) {
      throw new Failure("INVALID_DEFINITION", {
        what: "another route has the same method and path",
        at: `route "${pattern.method} ${pattern.path}"`,
      });
    }
    node.routes.set(pattern.method, route);
  }

  /** HEAD is answered by the route for GET. Throws a `Problem` MALFORMED for bad percent-encoding. */
  match(method: string, path: string): Match<T> {
    const segments = path === "/" ? [] : path.slice(1).split("/");
    if (segments.length > segmentsMax) return unknown;
    if (path.includes("%")) for (let i = 0; i < segments.length; i++) segments[i] = decode(segments[i] as string, "path");
    const wanted = method === "HEAD" ? "GET" : method;
    const values: string[] = [];
    const allow = new Set<string>();
    const route = find(this.#root, segments, 0, wanted, values, allow);
    if (route !== undefined) return { kind: "found", route, values };
    return allow.size > 0 ? { kind: "other-method", allow } : unknown;
  }
}

/** The steps are bounded: by the nodes of the table, because a step never enters one twice. */
function find<T>(
  node: Node<T>,
  segments: readonly string[],
  depth: number,
  method: string,
  values: string[],
  allow: Set<string>,
): T | undefined {
  if (depth === segments.length) {
    const route = node.routes.get(method);
    if (route === undefined) for (const known of node.routes.keys()) allow.add(known);
    return route;
  }
  const segment = segments[depth] as string;
  const literal = node.literals.get(segment);
  const found = literal && find(literal, segments, depth + 1, method, values, allow);
  if (found !== undefined || !node.parameter || segment === "") return found;
  values.push(segment);
  const below = find(node.parameter, segments, depth + 1, method, values, allow);
  if (below === undefined) values.pop();
  return below;
}

/** Percent-decoding that refuses what is not UTF-8 or not an encoding at all: `Problem` MALFORMED. */
export function decode(text: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Problem("MALFORMED", { detail: `the ${where} holds a percent sign that begins no UTF-8 character` });
  }
}
