// What a route cannot say: plain Hono handlers, and middleware. They stand in front of the routes; what no handler takes
// goes on to the routes. Their errors become problem documents, too.
//
// They have one address book for all requests, so which request a call is because of is known by the context in which it is made: that of
// the request's own promises (ADR 0041). What a handler leaves running in the background stays in the request's trace.
import { AsyncLocalStorage } from "node:async_hooks";
import type { At } from "@atoll/core/contract";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { Problem } from "./problem.ts";

export type DefinePlain = (app: Hono, at: At) => unknown;

/** A handler as documentation and 405 need to know it. */
export interface PlainPath {
  readonly method: string;
  /** As Hono writes it: "/images/:file{.+}". */
  readonly path: string;
}

/** What the routes behind the handlers need to know of a request beside itself. */
export type Onward<C> = { readonly context: C };

export class PlainHandlers<C> {
  readonly paths: readonly PlainPath[];
  readonly #app = new Hono<{ Bindings: Onward<C> }>();
  readonly #traces = new AsyncLocalStorage<string>();

  constructor(init: {
    readonly define: DefinePlain;
    readonly at: (trace: () => string | undefined) => At;
    /** Answers what no handler took. */
    readonly next: (request: Request, context: C) => Promise<Response>;
    readonly refuse: (error: unknown, context: C) => Response;
  }) {
    const app = this.#app;
    app.onError((error, c) => {
      if (!(error instanceof HTTPException)) return init.refuse(error, c.env.context);
      if (error.res) return error.res;
      return init.refuse(
        new Problem("REFUSED", { detail: error.message || "The request was refused.", cause: error }, error.status),
        c.env.context,
      );
    });
    const at = init.at(() => this.#traces.getStore());
    init.define(app as unknown as Hono, at);
    this.paths = app.routes.flatMap(({ method, path }) => (method === "ALL" ? [] : [{ method, path }]));
    app.all("*", (c) => init.next(c.req.raw, c.env.context));
  }

  /** `trace`: of what handlers ask because of it. */
  fetch(request: Request, context: C, trace: string): Promise<Response> {
    return this.#traces.run(trace, async () => this.#app.fetch(request, { context }));
  }

  /** Methods that have a handler at this path. */
  methodsAt(path: string): ReadonlySet<string> {
    const methods = new Set<string>();
    for (const { method } of this.paths) {
      const [handlers] = this.#app.router.match(method, path);
      if (handlers.some(([[, route]]) => route.method === method)) methods.add(method);
    }
    return methods;
  }
}
