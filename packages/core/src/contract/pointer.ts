// JSON pointers (RFC 6901): how a finding in a value says where it is. "" is the whole value.

/** One more reference token, escaped. */
export function pointerToken(key: PropertyKey): string {
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The pointer to what lies at `path`, a list of keys and of Standard Schema's path segments. */
export function pointer(path: readonly (PropertyKey | { readonly key: PropertyKey })[]): string {
  let text = "";
  for (const segment of path) text += pointerToken(typeof segment === "object" ? segment.key : segment);
  return text;
}
