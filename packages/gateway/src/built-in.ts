// What every gateway answers beside its routes: health, metrics, the API description and its reference page.
import type { Edge, ServiceHealth } from "@atoll/core/edge";
import { jsonAnswer, jsonHeaders, type Answer } from "./answer.ts";
import { sourceHash } from "./digest.ts";
import { referencePage, referenceStyle } from "./reference-page.ts";

export interface BuiltIn {
  readonly path: string;
  readonly answer: () => Answer | Promise<Answer>;
}

export const builtInPaths = ["/health", "/metrics", "/openapi.json", "/docs"] as const;

const uncached = { "cache-control": "no-store" };

/** `describe` makes the OpenAPI document; it runs once, when somebody first asks. */
export function builtIns(edge: Edge, describe: () => object, closing: () => boolean): readonly BuiltIn[] {
  let json: Answer | undefined;
  let page: Answer | undefined;
  const by: { readonly [P in (typeof builtInPaths)[number]]: BuiltIn["answer"] } = {
    "/health": async () => healthAnswer(await edge.health(), closing()),
    "/metrics": () => ({
      status: 200,
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", ...uncached },
      body: edge.runtime.metrics.render(),
    }),
    "/openapi.json": () => (json ??= { status: 200, headers: jsonHeaders, body: JSON.stringify(describe(), null, 2) }),
    "/docs": () => (page ??= pageAnswer(describe())),
  };
  return builtInPaths.map((path) => ({ path, answer: by[path] }));
}

/** 503 tells a load balancer to send nobody here. Reasons are in the log: this page is public. */
function healthAnswer(services: readonly ServiceHealth[], closing: boolean): Answer {
  const states = new Set(services.map(({ state }) => state));
  const status = states.has("failing") ? "failing" : closing || states.has("draining") ? "draining" : "ok";
  const shown = services.map(({ name, state, readModels }) => ({
    name,
    state,
    ...(readModels ? { readModels: readModels.map(lagOf) } : {}),
  }));
  const answer = jsonAnswer(status === "ok" ? 200 : 503, { status, services: shown });
  return { ...answer, headers: { ...answer.headers, ...uncached } };
}

const lagOf = ({ readModel, state, sources }: NonNullable<ServiceHealth["readModels"]>[number]): object => ({
  name: readModel,
  state,
  behind: sources.reduce((records, { behind }) => records + behind, 0),
});

/** The page needs one inline style sheet and nothing else: no script, no frame, no other host. */
function pageAnswer(document: object): Answer {
  const policy = `default-src 'none'; style-src '${sourceHash(referenceStyle)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    },
    body: referencePage(document),
  };
}
