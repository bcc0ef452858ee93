// What one route does with a request, compiled when the gateway opens: read, validate, ask, answer. Nothing here that could
// be decided once is decided per request.
import { Failure } from "@atoll/core";
import { checkOf, type Check, type Schema } from "@atoll/core/contract";
import type { EdgeAnswer, EdgeCall, Session } from "@atoll/core/edge";
import { acceptedAnswer, emptyAnswer, jsonAnswer, withHeaders, type Answer } from "./answer.ts";
import { parseBody, type ReceiveBody } from "./body.ts";
import type { EdgeRequest } from "./edge-request.ts";
import type { EdgeRoom } from "./edge-room.ts";
import { fingerprintOf, type Fingerprint } from "./fingerprint.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";
import { keyPlace } from "./key-place.ts";
import { LaterPlan } from "./later-plan.ts";
import { decode } from "./pattern.ts";
import { Problem, problemOf, rejectionAnswer } from "./problem.ts";
import { parseQuery, queryShapes, type QueryShapes } from "./query.ts";
import { paramsOf, RouteRequest, scopeDigest, type KeyScope, type Target } from "./request.ts";
import type { HttpRequest, RejectionHow, Route } from "./route.ts";

/** One request on its way through a route. */
export interface Arrival {
  readonly request: EdgeRequest;
  readonly target: Target;
  /** Decoded path parameters, in the order of the path. */
  readonly values: readonly string[];
  readonly receive: ReceiveBody;
  /** What the client has seen. */
  readonly session: Session;
  /** What it is part of: the `traceparent` of all its calls. */
  readonly trace: string;
}

/**
 * "input": the body is the operation's input. "own": it has a form of its own. "none": the route takes none, but the method
 * could carry one. "unread": the method means nothing by it.
 */
export type BodyUse = "input" | "own" | "none" | "unread";

type View = HttpRequest<string, Schema, Schema>;
type From = (reply: unknown, r: View) => unknown;

export class RoutePlan {
  readonly route: Route;
  readonly #room: EdgeRoom;
  readonly #withinMs: number;
  readonly #shapes: QueryShapes;
  readonly #checkQuery: Check | undefined;
  readonly #checkBody: Check | undefined;
  readonly #checkFrom: Check | undefined;
  readonly #bodyUse: BodyUse;
  readonly #bodyNeeded: boolean;
  readonly #later: LaterPlan | undefined;
  /** Rejections that are 202 while a request accepted at the same path is under way. */
  readonly #awaited: ReadonlySet<string>;

  constructor(route: Route, room: EdgeRoom) {
    const at = `${route.pattern.method} ${route.pattern.path}`;
    this.route = route;
    this.#room = room;
    this.#withinMs = route.withinMs ?? room.limits.answerWithinMs;
    this.#shapes = route.query ? queryShapes(route.query) : new Map();
    this.#checkQuery = route.query && checkOf(route.query, `${at} query`);
    this.#checkBody = route.body && checkOf(route.body, `${at} body`);
    const checked = route.replyBody && room.edge.runtime.mode === "development";
    this.#checkFrom = checked ? checkOf(route.replyBody, `${at} reply`, "INVALID_REPLY") : undefined;
    this.#bodyUse = bodyUseOf(route);
    this.#bodyNeeded = bodyNeeded(route);
    this.#awaited = new Set(Object.keys(route.rejects).filter((name) => route.rejects[name]?.accepted));
    this.#later = route.later && new LaterPlan({ route, room, withinMs: this.#withinMs, dress: (answer, r) => this.#dress(answer, r) });
  }

  /** Rejects with a `Problem`, a `Failure`, or whatever a callback of the route threw. */
  async answer(arrival: Arrival): Promise<Answer> {
    const { to, key: keyOf, input: inputOf } = this.route;
    const query = this.#query(arrival.target.search);
    const sent = this.#bodyUse === "unread" ? undefined : await this.#body(arrival);
    const { admission, edge, sessions } = this.#room;
    const { session, trace } = arrival;
    admission.enter();
    try {
      const scope = this.#scope(arrival);
      const r = this.#view(arrival, query, sent, scope);
      const key = keyOf?.(r);
      const input = inputOf ? inputOf(r) : to.operation.in ? sent : undefined;
      if (this.#later) {
        this.#checkCall(key, input, r);
        const fingerprint = scope && fingerprintOf(scope, sent, arrival.target.search);
        const answer = await this.#later.answer({ request: arrival.request, r, scope, key, input, fingerprint, trace });
        await sessions.sawAll(session);
        return answer;
      }
      if (scope) {
        const fingerprint = fingerprintOf(scope, sent, arrival.target.search);
        const answer = await this.#once(r, scope, { key, input, fingerprint, session, trace });
        await sessions.sawAll(session);
        return answer;
      }
      const call = { ...this.#call(key, input, this.#withinMs), session, trace };
      // Before it is asked: what was under way and then is not has an outcome, and the answer shows it.
      const underWay = this.#awaited.size > 0 && (await this.#room.later.underWay(arrival.target.path));
      let answer: EdgeAnswer;
      try {
        // A client that goes away cancels what it only wanted to read. What it wanted done goes on: not waiting would not undo it.
        answer = await edge.ask(to.kind === "query" ? { ...call, signal: arrival.request.signal } : call);
      } catch (error) {
        throw this.#explained(error, key, r);
      }
      if (underWay && answer.kind === "rejection" && this.#awaited.has(answer.name)) return toCome(arrival.target.path);
      return this.#dress(answer, r);
    } finally {
      admission.leave();
    }
  }

  /** What an Idempotency-Key of the request stands for. */
  #scope({ request, target }: Arrival): KeyScope | undefined {
    const { method } = this.route.pattern;
    const header = method === "POST" ? request.headers.get("idempotency-key") : null;
    return header === null ? undefined : { method, path: target.path, key: idempotencyKeyOf(header) };
  }

  #view({ request, target, values }: Arrival, query: unknown, body: unknown, scope: KeyScope | undefined): View {
    const { random } = this.#room.edge.runtime;
    const params = paramsOf(this.route.pattern.names, values);
    return new RouteRequest(request, { params, query, body, origin: target.origin, scope, random }) as unknown as View;
  }

  #query(search: string): unknown {
    if (!this.#checkQuery) {
      if (search.includes("%")) decode(search, "query");
      return undefined;
    }
    try {
      return this.#checkQuery(parseQuery(search, this.#shapes));
    } catch (error) {
      throw problemOf(error, (pointer) => `#query${pointer}`);
    }
  }

  async #body({ request, receive }: Arrival): Promise<unknown> {
    const bytes = await this.#room.bodies.receive(request, receive);
    if (bytes.length === 0) {
      if (this.#bodyNeeded) throw invalidBody("This request needs a body.", "expected a JSON body");
      return this.#checkBody?.(undefined);
    }
    const value = parseBody(request.headers, bytes);
    if (this.#bodyUse === "none") {
      if (isEmptyObject(value)) return undefined;
      throw invalidBody("This request takes no body.", "expected no body, or an empty object");
    }
    return this.#checkBody ? this.#checkBody(value) : value;
  }

  async #once(
    r: View,
    scope: KeyScope,
    asked: Pick<Arrival, "session" | "trace"> & { readonly key: unknown; readonly input: unknown; readonly fingerprint: Fingerprint },
  ): Promise<Answer> {
    const { key, input, session, trace } = asked;
    // What is not even a call must not use up the key: the client corrects it and sends it again.
    this.#checkCall(key, input, r);
    const { answer, replayed } = await this.#room.once.run({
      key: scopeDigest("http-key", scope),
      fingerprint: asked.fingerprint,
      withinMs: this.#withinMs,
      trace,
      perform: async ({ commandId, mintedAt }, withinMs) => {
        const call = { ...this.#call(key, input, withinMs), session, trace };
        const given = await this.#room.edge.ask(this.route.to.kind === "command" ? { ...call, commandId, mintedAt } : call);
        return { answer: this.#dress(given, r), replayed: given.replayed, toKeep: true };
      },
    });
    return replayed ? withHeaders(answer, { "idempotency-replayed": "true" }) : answer;
  }

  #call(key: unknown, input: unknown, withinMs: number): EdgeCall {
    const { to } = this.route;
    return this.route.key === undefined ? { to, input, withinMs } : { to, key: key as string, input, withinMs };
  }

  #checkCall(key: unknown, input: unknown, r: View): void {
    const { to } = this.route;
    try {
      to.contract.$.checkKey(key);
      to.checks.input(input);
    } catch (error) {
      throw this.#explained(error, key, r);
    }
  }

  /** The contract's pointers lead into key and input; the client's must lead into its request. */
  #explained(error: unknown, key: unknown, r: View): unknown {
    if (!(error instanceof Failure) || error.code !== "INVALID_INPUT") return error;
    const place = this.#keyPlace(key, r);
    if (place !== undefined) return problemOf(error, () => place);
    return this.route.input ? problemOf(error, (pointer) => `#input${pointer}`) : problemOf(error);
  }

  /** Where a key that its schema refuses comes from; undefined if it does not refuse it. */
  #keyPlace(key: unknown, r: View): string | undefined {
    try {
      this.route.to.contract.$.checkKey(key);
      return undefined;
    } catch {
      return keyPlace(key, r.params);
    }
  }

  #dress(answer: EdgeAnswer, r: View): Answer {
    const { status, rejects } = this.route;
    if (answer.kind === "rejection") {
      const how: RejectionHow | undefined = Object.hasOwn(rejects, answer.name) ? rejects[answer.name] : undefined;
      const show = how?.with as ((details: unknown) => { readonly [member: string]: unknown }) | undefined;
      return rejectionAnswer(answer.name, answer.details, how?.status ?? 409, show?.(answer.details));
    }
    const from = this.route.from as From | undefined;
    const value = from ? from(answer.value, r) : answer.value;
    this.#checkFrom?.(value);
    return value === undefined || status === 204 || status === 205 ? emptyAnswer(status) : jsonAnswer(status, value);
  }
}

/** Not there yet, and it will be. */
const toCome = (path: string): Answer => acceptedAnswer(path, { "retry-after": "1" });

export function bodyUseOf({ pattern, body, input, to }: Route): BodyUse {
  if (pattern.method === "GET" || pattern.method === "DELETE") return "unread";
  if (body) return "own";
  return input || !to.operation.in ? "none" : "input";
}

/** Whether a request without a body is certainly refused. */
export function bodyNeeded(route: Route): boolean {
  const use = bodyUseOf(route);
  try {
    if (use === "input") route.to.checks.input(undefined);
    else if (use === "own" && route.body) checkOf(route.body, "body")(undefined);
    return false;
  } catch {
    return true;
  }
}

function invalidBody(detail: string, expected: string): Problem {
  return new Problem("INVALID_INPUT", { detail, members: { errors: [{ pointer: "", detail: expected }] } });
}

const isEmptyObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
