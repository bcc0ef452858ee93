// SHA-256, for identities that a client must not be able to make collide: of Idempotency-Keys and of what was sent with them.
// A pure function, the same on every machine and in simulation; Node's is used because a hash is nothing to write oneself.
import { createHmac, hash } from "node:crypto";

/** 64 hexadecimal digits of the SHA-256 of the parts, each unambiguously delimited. */
export function digest(...parts: readonly string[]): string {
  return hash("sha256", JSON.stringify(parts), "hex");
}

/** 64 hexadecimal digits of the HMAC-SHA-256 of the parts: who does not know `key` cannot test a guess of them. */
export function keyedDigest(key: string, ...parts: readonly string[]): string {
  return createHmac("sha256", key).update(JSON.stringify(parts)).digest("hex");
}

/** Base64 of the SHA-256 of a text, as Content-Security-Policy writes it. */
export function sourceHash(text: string): string {
  return `sha256-${hash("sha256", text, "base64")}`;
}

/** JSON text that is the same for values that are the same: members sorted by name. For values that `JSON.parse` made, of bounded depth. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const object = value as { readonly [member: string]: unknown };
  const members = Object.keys(object).toSorted();
  return `{${members.map((member) => `${JSON.stringify(member)}:${canonicalJson(object[member])}`).join(",")}}`;
}
