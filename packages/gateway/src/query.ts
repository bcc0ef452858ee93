// The query of a URL as a value for its schema. A query is text; where the schema's JSON Schema says number, integer or
// boolean the text is read as one, and where it says array a single value is a list of one. What cannot be read so stays
// text, and the schema says what is wrong with it.
import { jsonSchema, type Schema } from "@atoll/core/contract";
import { decode } from "./pattern.ts";

type Scalar = "text" | "number" | "boolean";

interface Shape {
  readonly list: boolean;
  readonly scalar: Scalar;
}

/** What is known about the parameters by name; the others are text. */
export type QueryShapes = ReadonlyMap<string, Shape>;

interface Keywords {
  readonly type?: unknown;
  readonly items?: Keywords;
  readonly properties?: { readonly [name: string]: Keywords };
}

const text: Shape = { list: false, scalar: "text" };

export function queryShapes(schema: Schema): QueryShapes {
  const { properties = {} } = (jsonSchema(schema, "input") ?? {}) as Keywords;
  return new Map(
    Object.entries(properties).map(([name, keywords]) => {
      const list = keywords.type === "array";
      return [name, { list, scalar: scalarOf(list ? keywords.items?.type : keywords.type) }];
    }),
  );
}

const scalarOf = (type: unknown): Scalar => (type === "number" || type === "integer" ? "number" : type === "boolean" ? "boolean" : "text");

/** `search` without its question mark. Throws a `Problem` MALFORMED for bad percent-encoding. A name given twice becomes a list. */
export function parseQuery(search: string, shapes: QueryShapes): { readonly [name: string]: unknown } {
  const query: Record<string, unknown> = {};
  for (const part of search === "" ? [] : search.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decodePart(equals === -1 ? part : part.slice(0, equals));
    if (name === "__proto__") continue; // assigning it would not make a member; like every name no schema knows, it is ignored
    const shape = shapes.get(name) ?? text;
    const value = read(decodePart(equals === -1 ? "" : part.slice(equals + 1)), shape.scalar);
    const known = query[name];
    if (!Object.hasOwn(query, name)) query[name] = shape.list ? [value] : value;
    else if (Array.isArray(known)) known.push(value);
    else query[name] = [known, value];
  }
  return query;
}

const decodePart = (part: string): string => {
  const spaced = part.includes("+") ? part.replaceAll("+", " ") : part;
  return spaced.includes("%") ? decode(spaced, "query") : spaced;
};

function read(value: string, scalar: Scalar): unknown {
  if (scalar === "number" && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)) return Number(value);
  if (scalar === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}
