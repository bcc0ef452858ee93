// What a node says of itself in the handshake of each of its links: which contracts it implements, in which versions. While an old and a
// new program of a service run side by side, a call that any instance may answer goes to one that knows its version.
import { type Json, versionName } from "../../contract/index.ts";
import type { System } from "../definition.ts";

/** More would not be sure to fit into a handshake: then nothing is said. */
const contractsMax = 128;

/** Of a node of the service, for its transport. */
export function helloOf({ services }: System, service: string): Json {
  const parts = services.find(({ name }) => name === service)?.parts ?? [];
  return parts.length > contractsMax ? null : { contracts: parts.map(({ contract: { $ } }) => versionName($.name, $.version)) };
}

/** Undefined: the node has not said. */
export function contractsIn(hello: Json): ReadonlySet<string> | undefined {
  const { contracts } = (hello ?? {}) as { readonly contracts?: unknown };
  return Array.isArray(contracts) && contracts.every((name) => typeof name === "string") ? new Set(contracts) : undefined;
}
