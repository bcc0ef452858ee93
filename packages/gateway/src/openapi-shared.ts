// The parts of the OpenAPI document that are the same for every system: problems, headers, the gateway's own paths.
import type { Limits } from "./limits.ts";
import type { SchemaObject } from "./openapi-schemas.ts";

const problemContent = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };

export const problemSchema: SchemaObject = {
  type: "object",
  description: "A problem document (RFC 9457).",
  required: ["type", "title", "status", "detail", "code"],
  properties: {
    type: { type: "string", format: "uri-reference", description: "Stable name of the kind of problem." },
    title: { type: "string", description: "The kind of problem, for people." },
    status: { type: "integer", minimum: 400, maximum: 599 },
    detail: { type: "string", description: "This occurrence, for people." },
    code: { type: "string", description: "Stable name of the kind of problem, for programs.", examples: ["INVALID_INPUT", "OVERLOADED"] },
    outcome: {
      type: "string",
      enum: ["not-delivered", "unknown"],
      description: "Whether the request certainly had no effect, or may have had one. Always there in a 503 and a 504.",
    },
    rejection: { type: "string", description: "Name of the rejection, if the code is REJECTED." },
    errors: {
      type: "array",
      description: "What is wrong with the request, if the code is INVALID_INPUT.",
      items: {
        type: "object",
        required: ["pointer", "detail"],
        properties: {
          pointer: {
            type: "string",
            description:
              "JSON pointer (RFC 6901) into the body. Elsewhere it begins with a number sign: #query/NAME, #path/NAME, #key, or #input/… for what was made of the request.",
          },
          detail: { type: "string" },
        },
      },
    },
  },
};

/** Counts in the health document; always all of them. */
const attentionMembers = [
  "parkedSagas",
  "openApologies",
  "overdueApologies",
  "deadLetters",
  "quarantinedKeys",
  "parkedReadModelEntities",
] as const;

export const healthSchema: SchemaObject = {
  type: "object",
  required: ["status", "attention", "services"],
  properties: {
    status: { type: "string", enum: ["ok", "draining", "failing"] },
    attention: {
      type: "object",
      description:
        "What waits for a person. It does not change the status: everything else is answered. At most 500 dead letters of a service are counted.",
      required: [...attentionMembers],
      properties: Object.fromEntries(attentionMembers.map((member) => [member, { type: "integer", minimum: 0 }])),
    },
    services: {
      type: "array",
      items: {
        type: "object",
        required: ["name", "state"],
        properties: { name: { type: "string" }, state: { type: "string", enum: ["running", "draining", "failing"] } },
      },
    },
  },
};

export const sharedParameters = {
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description:
      "The same key with the same request gives the same outcome, once, for 24 hours; with another request it is answered 422. While the first is being carried out a repetition waits for it.",
    schema: { type: "string", minLength: 1, maxLength: 255 },
  },
  Session: {
    name: "Atoll-Session",
    in: "header",
    required: false,
    description:
      "What the client has seen, as an answer brought it: the answer shows at least that, or says that it cannot yet. Without it the gateway's own session counts, which has seen all that it has answered.",
    schema: { type: "string", maxLength: 1_024 },
  },
  LastEventId: {
    name: "Last-Event-ID",
    in: "header",
    required: false,
    description: "Id of the last event that the client has seen: the feed goes on behind it. `0` begins with the first message there is.",
    schema: { type: "string" },
  },
  FeedFrom: {
    name: "from",
    in: "query",
    required: false,
    description: "Where to begin, if there is no `Last-Event-ID`: `start`, `now`, or the id of an event.",
    schema: { type: "string" },
  },
  Prefer: {
    name: "Prefer",
    in: "header",
    required: false,
    description:
      "With `respond-async` (RFC 7240) the answer is 202 at once, or after `wait=SECONDS`. Without it that happens when the route's time is up.",
    schema: { type: "string", examples: ["respond-async", "respond-async, wait=2"] },
  },
};

export const sharedHeaders = {
  IdempotencyReplayed: {
    description: "Present if the answer repeats the outcome of an earlier request with the same Idempotency-Key.",
    required: false,
    schema: { type: "string", enum: ["true"] },
  },
  Location: {
    description: "Path at which the outcome can be seen.",
    required: true,
    schema: { type: "string", format: "uri-reference" },
  },
  PreferenceApplied: {
    description: "Present if the request preferred this answer.",
    required: false,
    schema: { type: "string", enum: ["respond-async"] },
  },
  AtollSession: {
    description: "What the client has now seen: sent along with a later request, that one reads its own writes, on any instance.",
    required: false,
    schema: { type: "string", maxLength: 1_024 },
  },
  RetryAfter: { description: "Seconds to wait before the request is sent again.", required: true, schema: { type: "integer", minimum: 0 } },
};

/** By name under `components/responses`. */
export function sharedResponses(limits: Limits): { readonly [name: string]: SchemaObject } {
  const problem = (description: string): SchemaObject => ({ description, content: problemContent });
  return {
    Malformed: problem("The request is malformed: bad JSON, bad percent-encoding, bad use of a header."),
    PositionGone: problem("The position belongs to another log, or to this one before it was restored: begin without it."),
    BodyTooLarge: problem(`The body has more than ${limits.bodyBytesMax} bytes.`),
    UnsupportedMediaType: problem("The body is not application/json in UTF-8."),
    Invalid: problem("The request does not have the form that is asked for; `errors` says where."),
    Failed: problem("A defect. `outcome` says whether the request may have taken effect."),
    Unavailable: {
      description: "Certainly not carried out: too much work is waiting, or something is down for the moment.",
      headers: { "Retry-After": { $ref: "#/components/headers/RetryAfter" } },
      content: problemContent,
    },
    UnknownOutcome: problem(
      "No answer in time. The request may have taken effect; sent again with its Idempotency-Key it is carried out at most once.",
    ),
    Problem: problem("Any other problem: 401, 403, 404, 405, 408, 409, 410, 414, 417, 431."),
  };
}

/** The gateway's own paths. */
export const ownPaths = {
  "/health": {
    get: {
      tags: ["gateway"],
      operationId: "gatewayHealth",
      summary: "Health of the services",
      responses: {
        "200": {
          description: "All services are running.",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Health" } } },
        },
        "503": {
          description: "A service is failing, or the system is stopping.",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Health" } } },
        },
        "4XX": { $ref: "#/components/responses/Problem" },
        default: { $ref: "#/components/responses/Problem" },
      },
    },
  },
  "/metrics": {
    get: {
      tags: ["gateway"],
      operationId: "gatewayMetrics",
      summary: "Metrics in the Prometheus text format",
      responses: {
        "200": { description: "All metrics.", content: { "text/plain": { schema: { type: "string" } } } },
        "4XX": { $ref: "#/components/responses/Problem" },
        default: { $ref: "#/components/responses/Problem" },
      },
    },
  },
  "/openapi.json": {
    get: {
      tags: ["gateway"],
      operationId: "gatewayOpenApi",
      summary: "This document",
      responses: {
        "200": { description: "An OpenAPI 3.1 document.", content: { "application/json": { schema: { type: "object" } } } },
        "4XX": { $ref: "#/components/responses/Problem" },
        default: { $ref: "#/components/responses/Problem" },
      },
    },
  },
  "/docs": {
    get: {
      tags: ["gateway"],
      operationId: "gatewayDocs",
      summary: "This document as a page",
      responses: {
        "200": { description: "A page that needs nothing else.", content: { "text/html": { schema: { type: "string" } } } },
        "4XX": { $ref: "#/components/responses/Problem" },
        default: { $ref: "#/components/responses/Problem" },
      },
    },
  },
};
