// Schemas: any library that speaks Standard Schema v1 (zod, arktype, valibot, …), restricted to JSON on both sides.
// Here are the types, the recognition of a schema at run time, and its translation to JSON Schema; parser.ts runs it.
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import type { Json } from "./json.ts";

/** A schema whose input and output are JSON: one for a `Date`, a `Map` or a class does not compile. */
export type Schema = StandardSchemaV1<Json, Json>;

/** A schema for the key of an entity: a string, on both sides. */
export type KeySchema = StandardSchemaV1<string, string>;

/** What a sender writes: the input form of `S`, members with a default may be absent. */
export type Given<S> = S extends Schema ? StandardSchemaV1.InferInput<S> : void;

/** What a receiver reads: the output form of `S`, with defaults applied. */
export type Taken<S> = S extends Schema ? StandardSchemaV1.InferOutput<S> : void;

/** True for what carries Standard Schema v1. A schema may be a function (arktype's are). */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<Schema>)["~standard"];
  return typeof standard === "object" && standard !== null && standard.version === 1 && typeof standard.validate === "function";
}

/**
 * The JSON Schema (draft 2020-12, as OpenAPI 3.1 takes it) of what `schema` accepts ("input") or yields ("output"), without
 * `$schema`. Undefined if its library cannot say: it has no `~standard.jsonSchema`, or this schema (a transformation, a custom
 * check) has no such form.
 */
export function jsonSchema(schema: Schema, io: "input" | "output"): JsonSchema | undefined {
  let known = translated.get(schema);
  if (!known) translated.set(schema, (known = new Map<"input" | "output", JsonSchema | undefined>()));
  if (!known.has(io)) known.set(io, translate(schema, io));
  return known.get(io);
}

type JsonSchema = { readonly [keyword: string]: unknown };

/** A schema does not change, and a program that starts a system again asks for all of its schemas again. */
const translated = new WeakMap<Schema, Map<"input" | "output", JsonSchema | undefined>>();

function translate(schema: Schema, io: "input" | "output"): JsonSchema | undefined {
  const { jsonSchema: converter } = schema["~standard"] as Partial<StandardJSONSchemaV1.Props>;
  if (typeof converter?.[io] !== "function") return undefined;
  try {
    const { $schema: _, ...rest } = converter[io]({ target: "draft-2020-12" });
    return rest;
  } catch {
    return undefined; // the standard's way to say "not expressible"; documentation then shows no schema rather than a wrong one
  }
}
