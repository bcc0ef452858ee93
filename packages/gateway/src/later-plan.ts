// What a route with `later` does beside the others: its request can be stored and carried out without the client, by another
// process if need be. So whatever the answer is made from has to fit into what is stored; the request's headers do not, because
// they may hold credentials, and `from` sees none, whichever way the answer comes.
import { Failure } from "@atoll/core";
import type { Schema } from "@atoll/core/contract";
import type { EdgeAnswer, EdgeCall } from "@atoll/core/edge";
import { withHeaders, type Answer, type AnswerHeaders } from "./answer.ts";
import type { EdgeRequest } from "./edge-request.ts";
import type { EdgeRoom } from "./edge-room.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { LaterRoute, Unaccepted } from "./later.ts";
import { asyncPreference } from "./preference.ts";
import { scopeDigest, type KeyScope } from "./request.ts";
import type { HttpRequest, Route } from "./route.ts";

type View = HttpRequest<string, Schema, Schema>;

interface StoredCall {
  readonly key?: string;
  readonly input?: unknown;
}

export class LaterPlan implements LaterRoute {
  readonly operation: string;
  readonly #name: string;
  readonly #route: Route;
  readonly #room: EdgeRoom;
  readonly #withinMs: number;
  readonly #dress: (answer: EdgeAnswer, r: View) => Answer;

  constructor(init: {
    readonly route: Route;
    readonly room: EdgeRoom;
    readonly withinMs: number;
    readonly dress: (answer: EdgeAnswer, r: View) => Answer;
  }) {
    const { pattern, to } = init.route;
    this.operation = `${to.contract.$.name}.${to.name}`;
    this.#name = `${pattern.method} ${pattern.path}`;
    this.#route = init.route;
    this.#room = init.room;
    this.#withinMs = init.withinMs;
    this.#dress = init.dress;
    init.room.later.serve(this.#name, this);
  }

  async answer(asked: {
    readonly request: EdgeRequest;
    readonly r: View;
    readonly scope: KeyScope | undefined;
    /** Both have passed the contract's checks. */
    readonly key: unknown;
    readonly input: unknown;
    /** Of a request with an Idempotency-Key. */
    readonly fingerprint: Fingerprint | undefined;
    readonly trace: string;
  }): Promise<Answer> {
    const { r, scope, key, input, trace } = asked;
    const { once, later, edge } = this.#room;
    const preference = asyncPreference(asked.request.headers.get("prefer"));
    const location = locationOf(this.#route.later?.(r), this.#name);
    const { params, query, body, origin, id } = r;
    const stored = {
      route: this.#name,
      to: this.operation,
      call: JSON.stringify({ key, input }),
      view: JSON.stringify({ params, query, body, origin, id }),
    };
    const route = this as LaterRoute;
    const call = { route, preference, location, trace };
    if (!scope || !asked.fingerprint) {
      const request: Unaccepted = { ...stored, id: edge.runtime.random.id(), minted: edge.runtime.clock.now(), key: null };
      return located((await later.run({ ...call, request, withinMs: this.#withinMs, repeated: false })).answer, location, {});
    }
    const of = scopeDigest("http-key", scope);
    const { answer, replayed } = await once.run({
      key: of,
      fingerprint: asked.fingerprint,
      withinMs: this.#withinMs,
      trace,
      eager: preference !== undefined,
      perform: ({ commandId, mintedAt, begunAt, fresh }, withinMs) => {
        const request: Unaccepted = { ...stored, id: commandId, minted: mintedAt, key: { of, at: begunAt } };
        return later.run({ ...call, request, withinMs, repeated: !fresh });
      },
    });
    return located(answer, location, replayed ? { "idempotency-replayed": "true" } : {});
  }

  carryOut({ id, minted, call }: Unaccepted, withinMs: number, signal: AbortSignal, trace: string | undefined): Promise<EdgeAnswer> {
    const { key, input } = JSON.parse(call) as StoredCall;
    const asked: EdgeCall = { to: this.#route.to, input, withinMs, signal, commandId: id, mintedAt: minted, trace };
    return this.#room.edge.ask(key === undefined ? asked : { ...asked, key });
  }

  dressed(answer: EdgeAnswer, { view }: Unaccepted): Answer {
    return this.#dress(answer, viewIn(view));
  }

  place({ view }: Unaccepted): string | undefined {
    try {
      return locationOf(this.#route.later?.(viewIn(view)), this.#name).replace(/[?#].*$/s, "");
    } catch {
      return undefined; // it could when it accepted the request: the program is another one now
    }
  }
}

const viewIn = (view: string): View => ({ ...(JSON.parse(view) as Omit<View, "headers">), headers: new Headers() });

/** The path is also that of what a 201 has created. */
function located(answer: Answer, location: string, headers: AnswerHeaders): Answer {
  return withHeaders(answer, answer.status === 201 ? { location, ...headers } : headers);
}

/** A path of this host and of no other, whatever a client's values have put into it. */
function locationOf(path: unknown, at: string): string {
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new Failure("DEFECT", { what: "`later` must make a path, beginning with a slash", at });
  }
  const encoded = encodeURI(path.toWellFormed()).replaceAll("%25", "%");
  return encoded.replace(/^\/+/, "/");
}
