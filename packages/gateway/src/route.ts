// A route: one request, one operation of one contract. Types that let the compiler look into the path, and the decoding of
// a route into required fields. What a route does with a request is in route-plan.ts.
import { Failure, milliseconds, type Duration } from "@atoll/core";
import {
  isSchema,
  type AnyOpRef,
  type Given,
  type In,
  type Json,
  type OpRef,
  type Rejects,
  type Reply,
  type Schema,
  type Taken,
} from "@atoll/core/contract";
import { patternOf, type Method, type Pattern } from "./pattern.ts";

type Flat<T> = { [K in keyof T]: T[K] } & {};

/** The parameters of a path, by name. */
type Params<P> = P extends `${string}:${infer N}/${infer R}`
  ? { readonly [K in N]: string } & Params<`/${R}`>
  : P extends `${string}:${infer N}`
    ? { readonly [K in N]: string }
    : {};

/** A request as the callbacks of its route see it. */
export interface HttpRequest<P, Q, B> {
  /** Percent-decoded, one segment each, never empty. */
  readonly params: Flat<Params<P>>;
  /** Validated by `query`; undefined without it. */
  readonly query: Taken<Q>;
  /** The JSON body, validated by `body`. Without it: unvalidated if the body is the operation's input, else undefined. */
  readonly body: Taken<B>;
  readonly headers: Headers;
  /** Scheme and host as the client used them: "http://shop:8080". */
  readonly origin: string;
  /** 32 hexadecimal digits: derived from the Idempotency-Key, the same for every repetition of the request; else fresh. */
  readonly id: string;
}

type RouteHow<P, D, O, Kind, Q, B, W> = {
  /** The form of the query. Parameters it does not know are ignored. */
  readonly query?: Q;
  /** The form of the body, where it is not that of the operation's input. */
  readonly body?: B;
  /** How long the answer may take, 10 s by default. Then 504. */
  readonly within?: Duration;
} & {
  readonly reply?: {
    /** 200 to 299. By default 200, or 204 for an operation without a reply. */
    readonly status?: number;
    /** The form of what `from` makes, for the OpenAPI document; checked in development. */
    readonly body?: W;
    /** Makes the body from the reply. Pure: it runs again when a request is repeated. With `later` it sees no headers. */
    readonly from?: NoInfer<(reply: Reply<O>, r: HttpRequest<P, Q, B>) => Given<W>>;
    /**
     * Path at which the outcome can be seen. With it a command that is not done `within` its time is answered 202 and `Location`
     * instead of 504, and at once if the client sends `Prefer: respond-async`. What was answered 202 is carried out, whatever crashes.
     */
    readonly later?: Kind extends "command" ? NoInfer<(r: HttpRequest<P, Q, B>) => `/${string}`> : never;
  };
} & NoInfer<
    {
      readonly rejects?: {
        readonly [K in keyof Rejects<O>]?: {
          /** 400 to 499. */
          readonly status: number;
          /** Members of the problem document, in the place of `details`. */
          readonly with?: (details: Rejects<O>[K]) => { readonly [member: string]: Json };
          /** For a GET at a path that another route's `later` names: 202 in its place while a request accepted there is not done. */
          readonly accepted?: true;
        };
      };
    } & (D extends { readonly key: infer S } ? { readonly key: (r: HttpRequest<P, Q, B>) => Given<S> } : {}) &
      (In<O> extends Schema
        ? P extends `${"GET" | "DELETE"} ${string}`
          ? { readonly input: (r: HttpRequest<P, Q, B>) => Given<In<O>> }
          : { readonly input?: (r: HttpRequest<P, Q, B>) => Given<In<O>> }
        : {})
  >;

type Maybe<H> = {} extends H ? [how?: H] : [how: H];

/** Callbacks as code that serves all routes sees them. */
type Callback = (r: HttpRequest<string, Schema, Schema>) => unknown;

export interface RejectionHow {
  readonly status: number;
  readonly with?: (details: never) => { readonly [member: string]: Json };
  readonly accepted?: true;
}

export interface Route {
  readonly kind: "route";
  readonly pattern: Pattern;
  readonly to: AnyOpRef;
  readonly query: Schema | undefined;
  readonly body: Schema | undefined;
  readonly withinMs: number | undefined;
  readonly key: Callback | undefined;
  readonly input: Callback | undefined;
  readonly status: number;
  readonly replyBody: Schema | undefined;
  readonly from: ((reply: never, r: HttpRequest<string, Schema, Schema>) => unknown) | undefined;
  readonly later: Callback | undefined;
  readonly rejects: { readonly [name: string]: RejectionHow };
}

/**
 * One request, one operation of one contract. Without `input` the JSON body is the input. A rejection is a 409 unless `rejects`
 * says otherwise. INVALID_DEFINITION names what cannot be meant.
 */
export function route<
  const P extends `${Method} /${string}`,
  D,
  O,
  Kind extends "command" | "query",
  Q extends Schema = Schema,
  B extends Schema = Schema,
  W extends Schema = Schema,
>(path: P, to: OpRef<D, O, Kind>, ...how: Maybe<RouteHow<P, D, O, Kind, Q, B, W>>): Route {
  return decodeRoute(path, to as unknown as AnyOpRef, (how[0] ?? {}) as Options);
}

interface Options {
  readonly query?: Schema;
  readonly body?: Schema;
  readonly within?: Duration;
  readonly reply?: { readonly status?: number; readonly body?: Schema; readonly from?: Route["from"]; readonly later?: Callback };
  readonly rejects?: Route["rejects"];
  readonly key?: Callback;
  readonly input?: Callback;
}

const optionNames: ReadonlySet<string> = new Set<keyof Options>(["query", "body", "within", "reply", "rejects", "key", "input"]);

function decodeRoute(path: string, to: AnyOpRef, options: Options): Route {
  const at = `route "${path}"`;
  const require = (condition: boolean, what: string): void => {
    if (!condition) throw new Failure("INVALID_DEFINITION", { what, at });
  };
  const pattern = patternOf(path);
  require(typeof to === "object" && (to.kind === "command" || to.kind === "query"), "it must lead to a command or a query of a contract");
  for (const name of Object.keys(options)) require(optionNames.has(name), `there is no option "${name}"`);
  const { query, body, within, reply = {}, rejects = {}, key, input } = options;
  const { operation, name } = to;
  const bodiless = pattern.method === "GET" || pattern.method === "DELETE";
  require(query === undefined || isSchema(query), "`query` is no Standard Schema");
  require(body === undefined || isSchema(body), "`body` is no Standard Schema");
  require(body === undefined || !bodiless, `a ${pattern.method} request has no body`);
  require(reply.body === undefined || isSchema(reply.body), "`reply.body` is no Standard Schema");
  require((key !== undefined) === to.contract.$.keyed, to.contract.$.keyed
    ? "`key` must say which entity is meant"
    : "the contract has no key");
  require(operation.in === undefined ||
    input !== undefined ||
    !bodiless, `a ${pattern.method} request has no body: \`input\` must make the input of ${name}`);
  require(operation.in !== undefined || input === undefined, `${name} takes no input`);
  const status = reply.status ?? (operation.out || reply.from ? 200 : 204);
  require(Number.isInteger(status) && status >= 200 && status <= 299, "`reply.status` must be 200 to 299");
  require(reply.later === undefined || to.kind === "command", "`later` is for commands: nothing goes on behind a query");
  require(reply.later === undefined || status !== 202, "with `later` 202 means that the reply is to come: `reply.status` must be another");
  for (const [rejection, { status: given, accepted }] of Object.entries(rejects)) {
    require(Object.hasOwn(operation.rejects ?? {}, rejection), `${name} has no rejection "${rejection}"`);
    require(Number.isInteger(given) && given >= 400 && given <= 499, `the status for "${rejection}" must be 400 to 499`);
    require(!accepted ||
      pattern.method === "GET", `\`accepted\` of "${rejection}" is for GET: whoever asks for it wants to see an outcome`);
  }
  return Object.freeze({
    kind: "route",
    pattern,
    to,
    query,
    body,
    withinMs: within === undefined ? undefined : milliseconds(within),
    key,
    input,
    status,
    replyBody: reply.body,
    from: reply.from,
    later: reply.later,
    rejects,
  });
}
