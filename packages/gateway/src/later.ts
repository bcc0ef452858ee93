// Requests that are answered 202 before they are done (ADR 0019).
//
//  A1  promised     202 leaves only when the request is on disk (accepted-request.ts). From then on it is asked, under one command
//                   id, until it has an outcome: by this process, or by the next one after it.
//  A2  once         Attempts share the command id, so whatever applies a command id once applies the request once.
//  A3  same answer  With an Idempotency-Key the outcome is kept for the key before the request counts as done: a repetition is
//                   answered 202 again until then, and with the outcome from then on.
//  A4  bounded      Requests accepted, their size, attempts at one moment and the time for which they are asked are bounded. A
//                   request is given up after that time, or by a failure that says "never", with an error in the log.
//  A5  in sight     Where a 202 points, a route that marks its "not there" as `accepted` says 202 until there is an outcome.
//  A6  not for free A request that is done in time costs nothing of this: acceptance is written when 202 is due.
import { Failure } from "@atoll/core";
import { storedTrace, traceField, type Edge, type EdgeAnswer } from "@atoll/core/edge";
import type { Counter } from "@atoll/core/runtime";
import { acceptedShards, HttpAccepted, lengthOf, shardOf, type AcceptedRequest } from "./accepted-request.ts";
import { acceptedAnswer, type Answer } from "./answer.ts";
import { atMost } from "./at-most.ts";
import { LaterPlaces } from "./later-places.ts";
import type { Limits } from "./limits.ts";
import type { Preference } from "./preference.ts";
import { Turns } from "./turns.ts";

/** A route that may answer later, as its requests need it when it was another process that took them. */
export interface LaterRoute {
  /** The operation it leads to, "shop.buy". */
  readonly operation: string;
  /** Asks under the request's command id. `trace`: of the request; undefined for one that was accepted without. */
  carryOut(request: Unaccepted, withinMs: number, signal: AbortSignal, trace: string | undefined): Promise<EdgeAnswer>;
  dressed(answer: EdgeAnswer, request: Unaccepted): Answer;
  /** Path of what the 202 pointed to; undefined if today's route cannot say. */
  place(request: Unaccepted): string | undefined;
}

export type Unaccepted = Omit<AcceptedRequest, "at" | "trace">;

export interface LaterCall {
  readonly route: LaterRoute;
  readonly request: Unaccepted;
  readonly withinMs: number;
  readonly preference: Preference | undefined;
  /** Path of what the 202 points to. */
  readonly location: string;
  /** It repeats a request with the same Idempotency-Key. */
  readonly repeated: boolean;
  /** The `traceparent` of the request. */
  readonly trace: string;
}

export interface LaterAnswer {
  readonly answer: Answer;
  readonly replayed: boolean;
  /** Whether it is the outcome and nobody has kept it yet. */
  readonly toKeep: boolean;
}

type Outcome =
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "given-up"; readonly error: unknown }
  /** The process stops; the next one goes on. */
  | { readonly kind: "suspended" };

/** For the commits that acceptance and its end take (ms). */
const commitWithinMs = 2_000;
const retry = { firstMs: 500, maxMs: 60_000 };

type Keep = (key: string, at: number, answer: Answer, trace: string | undefined) => Promise<Answer>;

export class Later {
  readonly #edge: Edge;
  readonly #limits: Limits;
  readonly #keep: Keep;
  readonly #routes = new Map<string, LaterRoute>();
  /** By command id. */
  readonly #drives = new Map<string, Promise<Outcome>>();
  /** First attempts that a client is waiting for, by command id; bounded by the requests in flight. */
  readonly #asked = new Map<string, Promise<EdgeAnswer>>();
  readonly #places = new LaterPlaces();
  readonly #turns: Turns;
  readonly #accepted: Counter;
  readonly #givenUp: Counter;
  /** While it is being read what earlier processes have left. */
  #resuming: Promise<unknown> | undefined;

  /** `keep` stores the outcome for an Idempotency-Key and returns the answer that holds. */
  constructor(edge: Edge, limits: Limits, keep: Keep) {
    const { metrics } = edge.runtime;
    this.#edge = edge;
    this.#limits = limits;
    this.#keep = keep;
    this.#turns = new Turns(edge.runtime, limits.laterAttemptsMax, retry);
    this.#accepted = metrics.counter("atoll_http_accepted_total", "Requests answered 202 before they were done.");
    this.#givenUp = metrics.counter("atoll_http_given_up_total", "Requests answered 202 that were given up without an outcome.");
    metrics.gauge("atoll_http_accepted_waiting", "Requests answered 202 that have no outcome yet.", {}, () => this.#drives.size);
  }

  serve(name: string, route: LaterRoute): void {
    this.#routes.set(name, route);
  }

  /** Takes up what earlier processes have left. */
  resume(): void {
    const resuming = Promise.all(acceptedShards.map((shard) => this.#resume(shard)));
    this.#resuming = resuming;
    void resuming.then(() => (this.#resuming = undefined));
  }

  /** Whether an accepted request whose 202 points to this path has no outcome yet. UNAVAILABLE while that cannot be known. */
  async underWay(path: string): Promise<boolean> {
    if (this.#resuming && !(await atMost(this.#edge.runtime.timers, commitWithinMs, this.#resuming))) {
      throw new Failure("UNAVAILABLE", { what: "what was accepted before the start is still being read", at: "gateway" });
    }
    return this.#places.has(path);
  }

  /** The outcome, or 202 when the time is up. Rejects like the operation, and with DEADLINE if the request could not be accepted then. */
  async run(call: LaterCall): Promise<LaterAnswer> {
    const { request, preference, withinMs } = call;
    const { timers } = this.#edge.runtime;
    const fits = lengthOf(request) <= this.#limits.laterRequestLengthMax;
    const waitMs = preference && fits ? Math.min(withinMs, preference.waitMs) : withinMs;
    const driven = this.#drives.get(request.id);
    if (driven) {
      const done = waitMs === 0 ? undefined : await atMost(timers, waitMs, driven);
      if (done?.value.kind === "given-up") throw done.value.error;
      if (done?.value.kind === "answered") return { answer: done.value.answer, replayed: true, toKeep: false };
      return { answer: acceptance(call), replayed: true, toKeep: false };
    }
    if (waitMs === 0) {
      await this.#accept(call, this.#asked.get(request.id));
      return { answer: acceptance(call), replayed: call.repeated, toKeep: false };
    }
    const giveUp = new AbortController();
    const asked = call.route.carryOut(request, Math.max(withinMs, this.#limits.laterAttemptMs), giveUp.signal, call.trace);
    this.#asked.set(request.id, asked);
    try {
      const done = await atMost(timers, waitMs, asked);
      if (done) return { answer: call.route.dressed(done.value, request), replayed: done.value.replayed, toKeep: true };
      await this.#acceptLate(call, fits, asked, giveUp);
      return { answer: acceptance(call), replayed: call.repeated, toKeep: false };
    } finally {
      if (this.#asked.get(request.id) === asked) this.#asked.delete(request.id);
    }
  }

  /** Begins no further attempt; resolves when those that run are done. */
  async close(): Promise<void> {
    this.#turns.close();
    await Promise.all(this.#drives.values());
  }

  /** Nothing is stored from now on: the journals are about to be closed. */
  abandon(): void {
    this.#turns.abandon();
  }

  // ── acceptance ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The operation runs already, so whatever keeps the request from being accepted leaves its outcome unknown. */
  async #acceptLate(call: LaterCall, fits: boolean, asked: Promise<EdgeAnswer>, giveUp: AbortController): Promise<void> {
    let cause: unknown;
    asked.catch(() => undefined); // whoever drives it hears of it; if nobody does, nobody wants to
    try {
      if (fits) return await this.#accept(call, asked);
    } catch (error) {
      cause = error;
    }
    if (!this.#drives.has(call.request.id)) giveUp.abort();
    const { route, withinMs } = call;
    throw new Failure("DEADLINE", {
      what: `no answer within ${withinMs} ms`,
      at: route.operation,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  async #accept({ route, request, trace }: LaterCall, asked: Promise<EdgeAnswer> | undefined): Promise<void> {
    const accepted: AcceptedRequest = { ...request, at: this.#edge.runtime.clock.now(), trace };
    let answer: EdgeAnswer;
    try {
      answer = await this.#edge.ask({
        to: HttpAccepted.accept,
        key: shardOf(request.id),
        input: accepted,
        withinMs: commitWithinMs,
        trace,
      });
    } catch (error) {
      // If it may have been stored, a later process may find it: then it is this one's business as well.
      if (!(error instanceof Failure) || error.outcome === "unknown") this.#start(accepted, route, asked);
      throw error;
    }
    if (answer.kind === "rejection") {
      throw new Failure("OVERLOADED", { what: "too many requests are accepted and not done", at: "gateway" });
    }
    this.#accepted.add(1);
    this.#start(accepted, route, asked);
  }

  async #resume(shard: string): Promise<void> {
    const { logger, clock } = this.#edge.runtime;
    const list = await this.#turns.untilDone(
      () => this.#edge.ask({ to: HttpAccepted.pending, key: shard }),
      (error) => logger.log("warn", "gateway.accepted_unread", { shard, error }),
    );
    if (list?.kind !== "reply") return;
    const { requests } = list.value as { readonly requests: readonly AcceptedRequest[] };
    for (const request of requests) {
      const route = this.#routes.get(request.route);
      if (this.#drives.has(request.id)) continue;
      if (route?.operation === request.to) this.#start(request, route, undefined);
      else {
        const { id, at, route: name, to } = request;
        logger.log("error", "gateway.accepted_without_route", { id, route: name, operation: to });
        if (clock.now() - at > this.#limits.laterForMs) await this.#end(request, "given-up");
      }
    }
  }

  // ── carrying out ────────────────────────────────────────────────────────────────────────────────────────────────

  #start(request: AcceptedRequest, route: LaterRoute, asked: Promise<EdgeAnswer> | undefined): void {
    if (this.#drives.has(request.id)) return;
    const drive = this.#drive(request, route, asked);
    this.#drives.set(request.id, drive);
    const place = route.place(request);
    if (place !== undefined) this.#places.add(place);
    void drive.then(() => this.#ended(request.id, place));
  }

  #ended(id: string, place: string | undefined): void {
    this.#drives.delete(id);
    if (place !== undefined) this.#places.remove(place);
  }

  /** Never rejects. */
  async #drive(request: AcceptedRequest, route: LaterRoute, asked: Promise<EdgeAnswer> | undefined): Promise<Outcome> {
    const { clock, logger } = this.#edge.runtime;
    const trace = storedTrace(request.trace);
    let running = asked;
    let failures = 0;
    for (;;) {
      try {
        const going = running;
        running = undefined;
        const never = new AbortController().signal; // what was promised goes on, whoever waits for it
        const given = await this.#turns.take(
          () => going ?? route.carryOut(request, this.#limits.laterAttemptMs, never, trace),
          going !== undefined,
        );
        if (!given) return { kind: "suspended" };
        return await this.#done(request, route.dressed(given.value, request));
      } catch (error) {
        failures += 1;
        const final = !(error instanceof Failure) || error.retry === "never";
        const { id, route: name, to: operation } = request;
        const said = { id, route: name, operation, error, ...traceField(trace) };
        if (final || clock.now() - request.at > this.#limits.laterForMs) {
          this.#givenUp.add(1);
          logger.log("error", "gateway.accepted_given_up", { ...said, location: route.place(request) });
          return (await this.#end(request, "given-up")) ? { kind: "given-up", error } : { kind: "suspended" };
        }
        logger.log(failures === 1 ? "warn" : "debug", "gateway.accepted_retried", said);
        if (!(await this.#turns.pause(failures))) return { kind: "suspended" };
      }
    }
  }

  async #done(request: AcceptedRequest, answer: Answer): Promise<Outcome> {
    const { key } = request;
    const held =
      key === null
        ? { value: answer }
        : await this.#stored(request, async () => ({ value: await this.#keep(key.of, key.at, answer, storedTrace(request.trace)) }));
    if (!held || !(await this.#end(request, "answered"))) return { kind: "suspended" };
    return { kind: "answered", answer: held.value };
  }

  /** False if the process stops before that is stored. */
  async #end({ id }: AcceptedRequest, how: "answered" | "given-up"): Promise<boolean> {
    const call = { to: HttpAccepted.end, key: shardOf(id), input: { id, how }, withinMs: commitWithinMs };
    return (await this.#stored({ id }, () => this.#edge.ask(call))) !== undefined;
  }

  #stored<T>({ id }: { readonly id: string }, store: () => Promise<T>): Promise<T | undefined> {
    const { logger } = this.#edge.runtime;
    return this.#turns.untilDone(store, (error) => logger.log("warn", "gateway.accepted_not_stored", { id, error }));
  }
}

const acceptance = ({ location, preference }: LaterCall): Answer =>
  acceptedAnswer(location, preference ? { "preference-applied": "respond-async" } : {});
