// Which parts of a schema's output are new with every value, so that nobody else can hold them: those need no copy. This is
// told from the schema's structure (ADR 0021), for zod 4 alone, whose internals are published for libraries, and only for objects and lists that its own parser builds. What is not known to be new is "anywhere", and copied:
// other libraries, everything with a check of its own (a refinement may put in or keep what it likes), transformations,
// `any`, unions, records, members beyond the shape. A wrong "anywhere" costs time, a wrong "new" would share a caller's object.
import type { Schema } from "./schema.ts";

/** "anywhere": it may hold objects of others. Else it is new itself, and its parts come from where this says, or from anywhere. */
export type Origin =
  | "anywhere"
  | { readonly kind: "object"; readonly members: ReadonlyMap<string, Origin> }
  | { readonly kind: "list"; readonly entries: Origin };

interface ZodInternals {
  readonly version: { readonly major: number };
  readonly traits: ReadonlySet<string>;
  readonly def: {
    readonly type: string;
    readonly shape?: { readonly [member: string]: unknown };
    readonly catchall?: unknown;
    readonly element?: unknown;
  };
  readonly run: unknown;
  readonly parse: unknown;
}

/** Classes whose parser is known; one derived from them has a name of its own as well. */
const builders = {
  object: new Set(["$ZodType", "$ZodObject", "$ZodObjectJIT", "ZodType", "ZodObject", "ZodMiniType", "ZodMiniObject"]),
  array: new Set(["$ZodType", "$ZodArray", "ZodType", "ZodArray", "ZodMiniType", "ZodMiniArray"]),
} as const;

/** Ask when the schema has been run: the shape of a recursive one may not be there before. */
export function originOf(schema: Schema): Origin {
  if (schema["~standard"].vendor !== "zod") return "anywhere";
  // Zod keeps its own entry hidden; one that somebody else has put there shows.
  if (Object.getOwnPropertyDescriptor(schema, "~standard")?.enumerable !== false) return "anywhere";
  try {
    return builtBy(schema, new Set());
  } catch {
    return "anywhere"; // a shape behind a getter that cannot be read now proves nothing
  }
}

/** `above`: the schemas around it; one that is around itself ends the proof there, and the depth of the copy bounds the rest. */
function builtBy(schema: unknown, above: ReadonlySet<unknown>): Origin {
  const zod = internals(schema);
  if (!zod || above.has(schema)) return "anywhere";
  const { def } = zod;
  const below = new Set([...above, schema]);
  if (isBuilder(zod, "object") && def.shape && (def.catchall === undefined || internals(def.catchall)?.def.type === "never")) {
    if (Object.getOwnPropertySymbols(def.shape).length > 0) return "anywhere";
    const members = new Map<string, Origin>();
    for (const [member, inner] of Object.entries(def.shape)) {
      const origin = builtBy(inner, below);
      if (origin !== "anywhere") members.set(member, origin);
    }
    return { kind: "object", members };
  }
  if (isBuilder(zod, "array")) return { kind: "list", entries: builtBy(def.element, below) };
  return "anywhere";
}

function internals(schema: unknown): ZodInternals | undefined {
  const { _zod: zod } = (schema ?? {}) as { readonly _zod?: ZodInternals };
  return zod;
}

/** It runs the parser of its class as it is: no checks behind it (zod then runs more than that), none put in its place. */
function isBuilder({ version, traits, def, run, parse }: ZodInternals, type: keyof typeof builders): boolean {
  return version.major === 4 && def.type === type && run === parse && [...traits].every((trait) => builders[type].has(trait));
}
