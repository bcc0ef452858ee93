// What the OpenAPI document says of a feed. A message is described by its schema, though the stream is text around it.
import { pascal, shared } from "./openapi-route.ts";
import type { Feed } from "./feed.ts";
import type { SchemaComponents, SchemaObject } from "./openapi-schemas.ts";

export function describeFeed({ topic, key }: Feed, names: readonly string[], schemas: SchemaComponents): SchemaObject {
  const { name } = topic.contract.$;
  const message = schemas.refer(topic.schema, "output", `${pascal(name)}.${topic.name}`);
  const whose = key ? "of one entity, from its first one on" : "of all entities, from now on";
  return {
    tags: [name],
    summary: `${topic.name} of ${name}, as server-sent events`,
    description: `The messages ${whose}, unless \`Last-Event-ID\` or \`from\` says where to begin. Between messages comments keep the connection alive.`,
    parameters: [
      ...names.map((parameter) => ({ name: parameter, in: "path", required: true, schema: { type: "string", minLength: 1 } })),
      { $ref: "#/components/parameters/LastEventId" },
      { $ref: "#/components/parameters/FeedFrom" },
    ],
    responses: {
      200: {
        description: "A stream of events (`text/event-stream`). The data of each is a message, as JSON in one line; its id is a position.",
        content: { "text/event-stream": { schema: { type: "string", contentMediaType: "application/json", contentSchema: message } } },
      },
      400: shared("Malformed"),
      410: shared("PositionGone"),
      422: shared("Invalid"),
      500: shared("Failed"),
      503: shared("Unavailable"),
      default: shared("Problem"),
    },
  };
}
