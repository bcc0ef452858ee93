// Schemas by hand, for what the gateway's own entities store and say: it depends on no schema library, and only the gateway
// itself writes these values, so that their shape is all there is to check.
import type { Json } from "@atoll/core/contract";
import type { StandardSchemaV1 } from "@standard-schema/spec";

type Members = { readonly [member: string]: unknown };

export function schemaOf<T extends Json>(expected: string, fits: (value: Members) => boolean): StandardSchemaV1<T, T> {
  return {
    "~standard": {
      version: 1,
      vendor: "atoll",
      validate: (value) =>
        typeof value === "object" && value !== null && fits(value as Members)
          ? { value: value as T }
          : { issues: [{ message: `expected ${expected}` }] },
    },
  };
}

export const textKey: StandardSchemaV1<string, string> = {
  "~standard": {
    version: 1,
    vendor: "atoll",
    validate: (value) => (typeof value === "string" ? { value } : { issues: [{ message: "expected a string" }] }),
  },
};

export const empty = schemaOf<{}>("{}", () => true);

export const isText = (value: unknown): value is string => typeof value === "string";
export const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);
export const isTime = (value: unknown): value is number => Number.isSafeInteger(value);
