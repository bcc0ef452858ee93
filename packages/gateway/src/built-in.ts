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
    "/metrics": async () => ({
      status: 200,
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", ...uncached },
      body: await edge.metrics(),
    }),
    "/openapi.json": () => (json ??= { status: 200, headers: jsonHeaders, body: JSON.stringify(describe(), null, 2) }),
    "/docs": () => (page ??= pageAnswer(describe())),
  };
  return builtInPaths.map((path) => ({ path, answer: by[path] }));
}

/**
 * What waits for a person, always with these members. It does not make the status another: a system with a parked saga answers
 * everything else, and a load balancer that took it out of service would make a small harm a great one.
 */
function attentionOf(services: readonly ServiceHealth[]): object {
  const sum = (of: (service: ServiceHealth) => number | undefined): number =>
    services.reduce((total, service) => total + (of(service) ?? 0), 0);
  return {
    parkedSagas: sum(({ sagas }) => sagas?.parked),
    openApologies: sum(({ sagas }) => sagas?.apologies),
    overdueApologies: sum(({ sagas }) => sagas?.overdue),
    deadLetters: sum(({ deadLetters }) => deadLetters),
    quarantinedKeys: sum(({ quarantined }) => quarantined),
    parkedReadModelEntities: sum(({ readModels = [] }) => readModels.reduce((total, { parked }) => total + parked, 0)),
  };
}

/** 503 tells a load balancer to send nobody here. Reasons are in the log: this page is public. */
export function healthAnswer(services: readonly ServiceHealth[], closing: boolean): Answer {
  const states = new Set(services.map(({ state }) => state));
  const status = states.has("failing") ? "failing" : closing || states.has("draining") ? "draining" : "ok";
  const shown = services.map(({ name, state, readModels }) => ({
    name,
    state,
    ...(readModels ? { readModels: readModels.map(lagOf) } : {}),
  }));
  const answer = jsonAnswer(status === "ok" ? 200 : 503, { status, attention: attentionOf(services), services: shown });
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
