// What a transport is told of its own node, decoded once.
import { Failure } from "../base/failure.ts";
import type { Json } from "../contract/index.ts";
import { holdsTwoMessages } from "./handshake.ts";
import { headCharsMax, linkLimits, type LinkLimits, silentMsMin } from "./link-limits.ts";
import type { NodeIdentity } from "./transport.ts";

export interface TransportOptions {
  /** Name of the system; nodes of others are refused. */
  readonly system: string;
  readonly self: NodeIdentity;
  /** Said to every peer in the handshake. Default null. */
  readonly hello?: Json;
  /** Those that differ from `linkLimits`. */
  readonly limits?: Partial<LinkLimits>;
}

export interface NodeOptions {
  readonly system: string;
  readonly self: NodeIdentity;
  readonly hello: Json;
  readonly limits: LinkLimits;
}

/** What a hello holds besides `hello`, in characters. */
const helloOverheadChars = 2_048;

/** Fails with INVALID_CONFIG. */
export function nodeOptions({ system, self, hello = null, limits: some = {} }: TransportOptions): NodeOptions {
  const limits: LinkLimits = { ...linkLimits, ...some };
  const { messagesInFlightMax, silentMs, helloCharsMax } = limits;
  if (messagesInFlightMax < 2 || !holdsTwoMessages(limits))
    throw invalid(`charsInFlightMax is at least twice messageCharsMax and ${headCharsMax}, messagesInFlightMax at least 2`, self);
  if (silentMs !== 0 && silentMs < silentMsMin) throw invalid(`silentMs is 0 or at least ${silentMsMin}`, self);
  const chars = JSON.stringify(hello).length + helloOverheadChars;
  if (chars > helloCharsMax) throw invalid(`hello has some ${chars} characters with its envelope, more than ${helloCharsMax}`, self);
  return { system, self, hello, limits };
}

const invalid = (what: string, { node }: NodeIdentity): Failure => new Failure("INVALID_CONFIG", { what, at: `links of ${node}` });
