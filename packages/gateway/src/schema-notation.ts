// JSON Schema as people read it: the notation of TypeScript types, with bounds behind them. For the reference page; it
// covers what schema libraries emit and falls back to the keywords themselves.

/** A parsed JSON Schema. */
export type Json = { readonly [keyword: string]: unknown };

type Escape = (text: string) => string;

const depthMax = 12;

/** The last part of a reference. */
export const refName = (ref: string): string => ref.split("/").at(-1) ?? ref;

/** HTML: references are links to `#schema-NAME`, everything else goes through `escape`. */
export function notation(schema: Json, escape: Escape, indent = "", depth = 0): string {
  if (depth > depthMax) return "…";
  const inner = (part: unknown, deeper = indent): string => notation((part ?? {}) as Json, escape, deeper, depth + 1);
  if (typeof schema["$ref"] === "string") {
    const name = refName(schema["$ref"]);
    return `<a href="#schema-${escape(name)}">${escape(name)}</a>`;
  }
  if (schema["const"] !== undefined) return escape(JSON.stringify(schema["const"]));
  if (Array.isArray(schema["enum"])) return escape(schema["enum"].map((value) => JSON.stringify(value)).join(" | "));
  for (const [keyword, join] of [
    ["anyOf", " | "],
    ["oneOf", " | "],
    ["allOf", " &amp; "],
  ] as const) {
    const parts = schema[keyword];
    if (Array.isArray(parts)) return parts.map((part) => inner(part)).join(join);
  }
  const { type } = schema;
  if (Array.isArray(type)) return (type as readonly unknown[]).map((one) => inner({ ...schema, type: one })).join(" | ");
  if (type === "array")
    return Array.isArray(schema["prefixItems"])
      ? `[${schema["prefixItems"].map((item) => inner(item)).join(", ")}]`
      : `${wrapped(inner(schema["items"]))}[]`;
  if (type === "object" || schema["properties"] !== undefined) return objectNotation(schema, escape, indent, inner);
  return `${escape(typeof type === "string" ? type : "any")}${bounds(schema, escape)}`;
}

const wrapped = (form: string): string => (form.includes(" | ") ? `(${form})` : form);

function objectNotation(schema: Json, escape: Escape, indent: string, inner: (part: unknown, indent: string) => string): string {
  const deeper = `${indent}  `;
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  const members = Object.entries((schema["properties"] ?? {}) as { readonly [name: string]: Json }).map(([name, member]) => {
    const shown = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const about = typeof member["description"] === "string" ? `  // ${escape(member["description"])}` : "";
    const value = member["default"] === undefined ? "" : ` = ${escape(JSON.stringify(member["default"]))}`;
    return `${deeper}${escape(shown)}${required.has(name) ? "" : "?"}: ${inner(member, deeper)}${value}${about}`;
  });
  const others = schema["additionalProperties"];
  if (typeof others === "object" && others !== null) members.push(`${deeper}[name: string]: ${inner(others, deeper)}`);
  return members.length === 0 ? "{}" : `{\n${members.join("\n")}\n${indent}}`;
}

function bounds(schema: Json, escape: Escape): string {
  const parts: string[] = [];
  const isBound = (value: unknown): value is number => typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const add = (keyword: string, sign: string): void => {
    const value = schema[keyword];
    if (isBound(value)) parts.push(`${sign} ${value}`);
  };
  add("minimum", "≥");
  add("exclusiveMinimum", ">");
  add("maximum", "≤");
  add("exclusiveMaximum", "<");
  add("minLength", "length ≥");
  add("maxLength", "length ≤");
  if (typeof schema["format"] === "string") parts.push(schema["format"]);
  return parts.length === 0 ? "" : ` (${escape(parts.join(", "))})`;
}
