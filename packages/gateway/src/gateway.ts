// `gateway`: routes as a value, and the edge that opens from it. A request goes: limits, plain handlers, routes, answer; any
// error on the way becomes a problem document here and nowhere else.
import { Failure } from "@atoll/core";
import { traceOfRequest, type Edge, type Gateway, type ListenOptions, type OpenGateway, type Session } from "@atoll/core/edge";
import { assert } from "@atoll/core/extension";
import { httpAccepted } from "./accepted-request.ts";
import { Admission } from "./admission.ts";
import { emptyAnswer, respond, withHeader, type Answer } from "./answer.ts";
import { Bodies, receiverOf, type ReceiveBody } from "./body.ts";
import { builtIns, builtInPaths, type BuiltIn } from "./built-in.ts";
import type { EdgeRequest } from "./edge-request.ts";
import type { EdgeRoom } from "./edge-room.ts";
import { FeedPlan, Feeds } from "./feed-plan.ts";
import type { Feed } from "./feed.ts";
import { httpKey } from "./idempotency-key.ts";
import { Later } from "./later.ts";
import { limitsFrom, type Limits } from "./limits.ts";
import { HttpListener } from "./listener.ts";
import { Once } from "./once.ts";
import { openApiDocument } from "./openapi.ts";
import { decode, patternOf, RouteTable } from "./pattern.ts";
import type { DefinePlain, PlainHandlers } from "./plain-handlers.ts";
import { Problem, problemAnswer, problemOf } from "./problem.ts";
import { targetOf } from "./request.ts";
import type { Route } from "./route.ts";
import { RoutePlan } from "./route-plan.ts";
import { sessionHeader, Sessions } from "./sessions.ts";
import { serveAnswers, type Serve } from "./socket-answer.ts";
import { Traffic } from "./traffic.ts";

export interface GatewayHow {
  /** Plain Hono handlers and middleware, in front of the routes. `at` speaks as service "gateway", in the trace of the request (ADR 0041). */
  readonly http?: DefinePlain;
  /** Bounds to replace; limits.ts has the defaults. */
  readonly limits?: Partial<Limits>;
}

/**
 * The HTTP edge of a system. INVALID_DEFINITION if two routes answer the same requests, or one wants a path of the gateway's own:
 * /health, /metrics, /openapi.json, /docs.
 */
export function gateway(routes: readonly (Route | Feed)[], how: GatewayHow = {}): Gateway {
  const { http } = how;
  const limits = limitsFrom(how.limits ?? {});
  const table = new RouteTable<unknown>();
  for (const path of builtInPaths) table.add(patternOf(`GET ${path}`), undefined);
  for (const route of routes) table.add(route.pattern, route);
  let room: PlainRoom | undefined;
  const open = (edge: Edge): OpenGateway => {
    assert(!http || room, "a gateway with plain handlers is loaded before it is opened");
    return new HttpEdge(edge, routes, http && room && { define: http, room }, limits);
  };
  const parts = Object.freeze([httpKey, httpAccepted]);
  if (!http) return Object.freeze({ kind: "gateway", parts, open });
  const load = async (): Promise<void> => {
    room = await import("./plain-room.ts");
  };
  return Object.freeze({ kind: "gateway", parts, open, load });
}

type PlainRoom = typeof import("./plain-room.ts");

/** What `how.http` asks for, and the code that can do it. */
interface Plain {
  readonly define: DefinePlain;
  readonly room: PlainRoom;
}

type Handler =
  | { readonly kind: "route"; readonly plan: RoutePlan }
  | { readonly kind: "feed"; readonly plan: FeedPlan }
  | { readonly kind: "built-in"; readonly serve: BuiltIn };

/** What is known of one request apart from itself. */
interface Visit {
  readonly startedMs: number;
  /** How the body arrives, for a request that has not been received yet. */
  receive: ReceiveBody | undefined;
  /** Ends the connection that it came over. */
  readonly cut: (() => void) | undefined;
  /** Template of the path, once it is known. */
  route: string;
  recorded: boolean;
  session: Session | undefined;
  /** Of a request that a plain handler, a route or a feed answers. */
  trace: string | undefined;
}

class HttpEdge implements OpenGateway {
  readonly #edge: Edge;
  readonly #limits: Limits;
  readonly #longestMs: number;
  readonly #table = new RouteTable<Handler>();
  readonly #bodies: Bodies;
  readonly #plain: PlainHandlers<Visit> | undefined;
  readonly #room: PlainRoom | undefined;
  readonly #traffic: Traffic;
  readonly #later: Later;
  readonly #feeds: Feeds;
  readonly #sessions: Sessions;
  #listener: HttpListener | undefined;
  #inFlight = 0;
  #closing = false;
  /** What comes over an open connection is not taken any more. */
  #refusing = false;
  #closed: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(edge: Edge, routes: readonly (Route | Feed)[], plain: Plain | undefined, limits: Limits) {
    const { runtime } = edge;
    this.#edge = edge;
    this.#limits = limits;
    this.#longestMs = Math.max(limits.answerWithinMs, ...routes.map((route) => (route.kind === "route" ? (route.withinMs ?? 0) : 0)));
    this.#bodies = new Bodies(limits);
    this.#traffic = new Traffic(runtime);
    const admission = new Admission(limits);
    const once = new Once(edge, limits.keptAnswerBytesMax);
    this.#later = new Later(edge, limits, (...outcome) => once.keep(...outcome));
    this.#sessions = new Sessions(edge);
    const room: EdgeRoom = { edge, limits, bodies: this.#bodies, once, later: this.#later, admission, sessions: this.#sessions };
    this.#feeds = new Feeds(edge, limits);
    for (const route of routes) {
      const handler: Handler =
        route.kind === "feed"
          ? { kind: "feed", plan: new FeedPlan(route, edge, this.#feeds) }
          : { kind: "route", plan: new RoutePlan(route, room) };
      this.#table.add(route.pattern, handler);
    }
    this.#room = plain?.room;
    this.#plain =
      plain &&
      new plain.room.PlainHandlers<Visit>({
        define: plain.define,
        at: (trace) => edge.at(trace),
        next: (request, visit) => this.#respond(request, visit),
        refuse: (error, visit) => respond(this.#refuse(error, visit, "plain"), false),
      });
    const describe = (): object => openApiDocument({ system: edge.system, routes, plain: this.#plain?.paths ?? [], limits });
    for (const serve of builtIns(edge, describe, () => this.#closing)) {
      this.#table.add(patternOf(`GET ${serve.path}`), { kind: "built-in", serve });
    }
    runtime.metrics.gauge(
      "atoll_http_requests_in_flight",
      "Requests that are being answered, without those still sending their body.",
      {},
      () => admission.count,
    );
    runtime.metrics.gauge("atoll_http_body_bytes", "Bytes of the bodies that are being received.", {}, () => this.#bodies.bytes);
    runtime.metrics.gauge("atoll_http_connections", "Open connections.", {}, () => this.#listener?.connections ?? 0);
    this.#later.resume();
  }

  fetch(request: Request): Promise<Response> {
    const visit = this.#visit(undefined, undefined);
    return this.#plain ? this.#throughPlain(this.#plain, request, visit) : this.#respond(request, visit);
  }

  async listen(options: ListenOptions): Promise<{ readonly url: string }> {
    const { logger } = this.#edge.runtime;
    this.#listener = await HttpListener.open({ ...options, limits: this.#limits, longestMs: this.#longestMs, serve: this.#server() });
    const { url } = this.#listener;
    logger.log("info", "gateway.listening", { url });
    return { url };
  }

  #server(): Serve {
    const plain = this.#plain;
    if (!plain || !this.#room) return serveAnswers((request, receive, cut) => this.#serve(request, this.#visit(receive, cut)));
    return this.#room.serveResponses((request, receive, cut) => this.#throughPlain(plain, request, this.#visit(receive, cut)));
  }

  close(graceMs: number): Promise<void> {
    this.#closing = true;
    return (this.#closed ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    const { timers, logger } = this.#edge.runtime;
    logger.log("info", "gateway.closing", { inFlight: this.#inFlight });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const grace = timers.after(graceMs, resolve);
    const retiring = this.#listener?.retire(late);
    if (retiring) await retiring;
    this.#refusing = true;
    const idle = this.#inFlight === 0 ? Promise.resolve() : new Promise<void>((whenIdle) => (this.#whenIdle = whenIdle));
    this.#feeds.close();
    const closed = this.#listener?.close(late) ?? Promise.resolve();
    void this.#later.close(); // requests that are still answered may be accepted until then, and be done
    await Promise.race([idle.then(() => this.#later.close()), late]);
    this.#later.abandon();
    await closed;
    grace.cancel();
    logger.log("info", "gateway.closed", { abandoned: this.#inFlight });
  }

  #traceOf({ headers }: Pick<EdgeRequest, "headers">): string {
    return traceOfRequest(headers.get("traceparent"), this.#edge.runtime.random);
  }

  #visit(receive: ReceiveBody | undefined, cut: (() => void) | undefined): Visit {
    const startedMs = this.#edge.runtime.clock.monotonic();
    return { startedMs, receive, cut, route: "unmatched", recorded: false, session: undefined, trace: undefined };
  }

  async #throughPlain(plain: PlainHandlers<Visit>, request: Request, visit: Visit): Promise<Response> {
    let response: Response;
    try {
      decode(targetOf(request.url, this.#limits).path, "path");
      visit.trace = this.#traceOf(request);
      response = await plain.fetch(await this.#bounded(request, visit), visit, visit.trace);
    } catch (error) {
      response = respond(this.#refuse(error, visit, request.method), request.method === "HEAD");
    }
    if (!visit.recorded) {
      this.#traffic.record(request.method, "plain", response.status, visit.startedMs);
      const { token } = this.#sessions.shared;
      if (token !== "") response.headers.set(sessionHeader, token);
    }
    return response;
  }

  /** Plain handlers read bodies as they like: one that does not announce its size is received here, within its bounds. */
  async #bounded(request: Request, visit: Visit): Promise<Request> {
    const { headers, method, url } = request;
    this.#bodies.admit(request);
    if (visit.receive === undefined || headers.get("transfer-encoding") === null || method === "GET" || method === "HEAD") return request;
    // No `Request` can be made of it (RFC 9110, section 9.3.8, forbids it as well).
    if (method === "TRACE") throw new Problem("MALFORMED", { detail: "A TRACE request has no body." });
    const body = await this.#bodies.receive(request, visit.receive);
    visit.receive = undefined;
    return new Request(url, { method, headers, body });
  }

  async #respond(request: Request, visit: Visit): Promise<Response> {
    visit.receive ??= receiverOf(request);
    return respond(await this.#serve(request, visit), request.method === "HEAD");
  }

  async #serve(request: EdgeRequest, visit: Visit): Promise<Answer> {
    const { method } = request;
    this.#inFlight += 1;
    let answer: Answer;
    try {
      answer = await this.#answer(request, visit);
    } catch (error) {
      answer = this.#refuse(error, visit, method);
    }
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#whenIdle?.();
    visit.recorded = true;
    this.#traffic.record(method, visit.route, answer.status, visit.startedMs);
    const { token } = visit.session ?? this.#sessions.shared;
    return token === "" ? answer : withHeader(answer, sessionHeader, token);
  }

  #answer(request: EdgeRequest, visit: Visit): Answer | Promise<Answer> {
    const target = targetOf(request.url, this.#limits);
    this.#bodies.admit(request); // also where nobody would read it
    const match = this.#table.match(request.method, target.path);
    if (match.kind === "found") {
      const { route, values } = match;
      if (route.kind === "built-in") {
        visit.route = route.serve.path;
        return route.serve.answer();
      }
      visit.route = (route.kind === "feed" ? route.plan.feed : route.plan.route).pattern.path;
      const trace = (visit.trace ??= this.#traceOf(request));
      if (this.#refusing) throw new Failure("UNAVAILABLE", { what: "the gateway is closing", at: "gateway" });
      if (route.kind === "feed") return route.plan.answer({ request, target, values, cut: visit.cut });
      const { receive } = visit;
      assert(receive, "whoever serves a request knows how its body comes");
      visit.session = this.#sessions.of(request.headers);
      return route.plan.answer({ request, target, values, receive, session: visit.session, trace });
    }
    const allow = new Set([...(match.kind === "other-method" ? match.allow : []), ...(this.#plain?.methodsAt(target.path) ?? [])]);
    if (allow.size === 0) throw new Problem("NOT_FOUND", { detail: "The paths that exist are listed at /docs." });
    if (allow.has("GET")) allow.add("HEAD");
    const headers = { allow: [...allow, "OPTIONS"].join(", ") };
    if (request.method !== "OPTIONS") throw new Problem("METHOD_NOT_ALLOWED", { detail: `Allowed: ${headers.allow}.`, headers });
    return { ...emptyAnswer(204), headers };
  }

  #refuse(error: unknown, visit: Visit, method: string): Answer {
    const problem = problemOf(error);
    if (problem.status >= 500) this.#traffic.failed(problem, method, visit.route, visit.trace);
    return problemAnswer(problem);
  }
}
