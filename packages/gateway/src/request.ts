// A request as the edge reads it: its target taken apart without a `URL` object, and what the callbacks of a route see of it.
import type { Random } from "@atoll/core/runtime";
import { digest } from "./digest.ts";
import { headersOf, type EdgeRequest } from "./edge-request.ts";
import type { Limits } from "./limits.ts";
import { Problem } from "./problem.ts";

export interface Target {
  /** "http://host:port". */
  readonly origin: string;
  /** Percent-encoded, from the first slash on. */
  readonly path: string;
  /** Percent-encoded, without the question mark; "" if there is none. */
  readonly search: string;
}

/** `url` is absolute, as a `Request` has it. Throws a `Problem` URL_TOO_LONG, or MALFORMED for a host with credentials in front. */
export function targetOf(url: string, limits: Limits): Target {
  const slash = url.indexOf("/", url.indexOf("://") + 3);
  const start = slash === -1 ? url.length : slash;
  if (url.length - start > limits.urlBytesMax)
    throw new Problem("URL_TOO_LONG", { detail: `A request target may have ${limits.urlBytesMax} bytes.` });
  const fragment = url.indexOf("#", start);
  const end = fragment === -1 ? url.length : fragment;
  const question = url.indexOf("?", start);
  const origin = url.slice(0, start);
  // Links would hand them on, and "http://shop@elsewhere" is no host that anybody means (RFC 9110, section 4.2.4).
  if (origin.includes("@")) throw new Problem("MALFORMED", { detail: "The target names a user in front of its host." });
  if (question === -1 || question > end) return { origin, path: url.slice(start, end) || "/", search: "" };
  return { origin, path: url.slice(start, question) || "/", search: url.slice(question + 1, end) };
}

/** Path parameters by name. */
export function paramsOf(names: readonly string[], values: readonly string[]): { readonly [name: string]: string } {
  const params: Record<string, string> = {};
  for (let i = 0; i < names.length; i++) params[names[i] as string] = values[i] as string;
  return params;
}

/** What a client may repeat a request by. */
export interface KeyScope {
  readonly method: string;
  readonly path: string;
  readonly key: string;
}

/** Nobody is told apart yet; once clients have names, keys of one must mean nothing to another. */
const principal = "anonymous";

export const scopeDigest = (purpose: "request-id" | "http-key", { method, path, key }: KeyScope): string =>
  digest(purpose, principal, method, path, key).slice(0, 32);

/** The `HttpRequest` of the public types. */
export class RouteRequest {
  readonly params: { readonly [name: string]: string };
  readonly query: unknown;
  readonly body: unknown;
  readonly origin: string;
  readonly #request: EdgeRequest;
  readonly #scope: KeyScope | undefined;
  readonly #random: Random;
  #id: string | undefined;

  constructor(
    request: EdgeRequest,
    init: {
      readonly params: { readonly [name: string]: string };
      readonly query: unknown;
      readonly body: unknown;
      readonly origin: string;
      readonly scope: KeyScope | undefined;
      readonly random: Random;
    },
  ) {
    this.params = init.params;
    this.query = init.query;
    this.body = init.body;
    this.origin = init.origin;
    this.#request = request;
    this.#scope = init.scope;
    this.#random = init.random;
  }

  get headers(): Headers {
    return headersOf(this.#request);
  }

  get id(): string {
    return (this.#id ??= this.#scope ? scopeDigest("request-id", this.#scope) : this.#random.id());
  }
}
