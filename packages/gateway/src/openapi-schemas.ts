// The schemas of an OpenAPI document: each form once, under `components`, referred to everywhere else. JSON Schema's own
// definitions (`$defs`, for recursive and named forms) become components, too, because a document has one root.
import { jsonSchema, type Schema } from "@atoll/core/contract";

export type SchemaObject = { readonly [keyword: string]: unknown };

export class SchemaComponents {
  readonly #byName = new Map<string, SchemaObject>();
  readonly #names = new Map<string, string>();

  /** Where the schema stands from now on; `{}`, which allows everything, if its library cannot express it. */
  refer(schema: Schema, io: "input" | "output", name: string): SchemaObject {
    return this.place(jsonSchema(schema, io) ?? {}, name);
  }

  /** Objects and unions become components; what is as short as a reference stays where it is. */
  place(schema: SchemaObject, name: string): SchemaObject {
    const recursive = JSON.stringify(schema).includes('"$ref":"#');
    if (!recursive && schema["properties"] === undefined && schema["anyOf"] === undefined && schema["oneOf"] === undefined) return schema;
    const text = JSON.stringify(schema);
    let known = this.#names.get(text);
    if (known === undefined) {
      known = this.#free(name);
      this.#names.set(text, known);
      this.#byName.set(known, {}); // keeps the name while its definitions are placed
      this.#byName.set(known, this.#hoisted(schema, known));
    }
    return { $ref: `#/components/schemas/${known}` };
  }

  all(): { readonly [name: string]: SchemaObject } {
    return Object.fromEntries([...this.#byName].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #free(wanted: string): string {
    const name = wanted.replaceAll(/[^A-Za-z0-9._-]/g, "_");
    for (let i = 1; ; i++) {
      const candidate = i === 1 ? name : `${name}${i}`;
      if (!this.#byName.has(candidate)) return candidate;
    }
  }

  #hoisted(schema: SchemaObject, name: string): SchemaObject {
    const { $defs = {}, ...rest } = schema;
    const names = new Map<string, string>();
    for (const definition of Object.keys($defs as object)) {
      const own = this.#free(`${name}.${definition}`);
      names.set(definition, own);
      this.#byName.set(own, {});
    }
    for (const [definition, own] of names) {
      this.#byName.set(own, redirected(($defs as Record<string, SchemaObject>)[definition] as SchemaObject, name, names));
    }
    return redirected(rest, name, names);
  }
}

function redirected(schema: SchemaObject, name: string, definitions: ReadonlyMap<string, string>): SchemaObject {
  const walk = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(Object.entries(value).map(([keyword, inner]) => [keyword, keyword === "$ref" ? target(inner) : walk(inner)]));
  };
  const target = (ref: unknown): unknown => {
    if (ref === "#") return `#/components/schemas/${name}`;
    const definition = /^#\/\$defs\/(.+)$/.exec(String(ref))?.[1];
    return definition === undefined ? ref : `#/components/schemas/${definitions.get(definition) ?? name}`;
  };
  return walk(schema) as SchemaObject;
}
