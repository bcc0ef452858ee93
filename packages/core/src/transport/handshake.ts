// The forms of the handshake: what the caller says first, and what the listener answers. Both are JSON objects, unlike
// everything later, which is a list. Read tolerantly: members that are not known are passed over, so that a later version
// may add some; what is needed is checked to the last character, because whoever sent it has proven nothing yet.
import type { Json } from "../contract/index.ts";
import { refusals, type Refusal } from "./connect-failure.ts";
import { headCharsMax, type LinkLimits, silentMsMin, whyCharsMax } from "./link-limits.ts";
import type { NodeIdentity } from "./transport.ts";

/** Versions of the protocol that this code speaks. 2: a message of a topic may say its trace (ADR 0041). */
export const protocolMin = 1;
export const protocolMax = 2;

/** What an end takes, as it tells the other one. */
export type Allowance = Pick<LinkLimits, "messagesInFlightMax" | "charsInFlightMax" | "messageCharsMax" | "silentMs">;

export interface Hello {
  readonly protocol: readonly [number, number];
  readonly system: string;
  readonly from: NodeIdentity;
  readonly to: NodeIdentity;
  readonly ticket: string;
  readonly allows: Allowance;
  readonly hello: Json;
}

export type Welcome =
  | { readonly kind: "welcome"; readonly protocol: number; readonly from: NodeIdentity; readonly allows: Allowance; readonly hello: Json }
  | { readonly kind: "refused"; readonly reason: Refusal; readonly what: string };

type Members = { readonly [name: string]: unknown };

const nameCharsMax = 100;
const marker = "link";

export const helloFrame = ({ protocol, system, from, to, ticket, allows, hello }: Hello): Json => ({
  atoll: marker,
  protocol,
  system,
  from: plain(from),
  to: plain(to),
  ticket,
  allows,
  hello,
});

export const welcomeFrame = ({ protocol, from, allows, hello }: Omit<Welcome & { kind: "welcome" }, "kind">): Json => ({
  atoll: marker,
  protocol,
  from: plain(from),
  allows,
  hello,
});

export const refusalFrame = (refused: Refusal, what: string): Json => ({ atoll: marker, refused, what });

/** Undefined for what is no hello. */
export function readHello(frame: unknown): Hello | undefined {
  const members = readMarked(frame);
  if (!members) return undefined;
  const { protocol, system, ticket, hello } = members;
  const [from, to, allows] = [readIdentity(members["from"]), readIdentity(members["to"]), readAllowance(members["allows"])];
  if (!from || !to || !allows || !isName(system) || !isName(ticket) || !Array.isArray(protocol)) return undefined;
  const [lowest, highest] = protocol as readonly unknown[];
  if (!isCount(lowest) || !isCount(highest) || lowest > highest) return undefined;
  return { protocol: [lowest, highest], system, from, to, ticket, allows, hello: hello as Json };
}

/** Undefined for what is no answer to a hello. */
export function readWelcome(frame: unknown): Welcome | undefined {
  const members = readMarked(frame);
  if (!members) return undefined;
  const { protocol, refused, what, hello } = members;
  if (refused !== undefined) {
    const reason = refusals.find((known) => known === refused);
    return reason && typeof what === "string" ? { kind: "refused", reason, what: what.slice(0, whyCharsMax) } : undefined;
  }
  const [from, allows] = [readIdentity(members["from"]), readAllowance(members["allows"])];
  if (!from || !allows || !isCount(protocol)) return undefined;
  return { kind: "welcome", protocol, from, allows, hello: hello as Json };
}

/** The highest version that both speak. */
export function agreed([lowest, highest]: Hello["protocol"]): number | undefined {
  const version = Math.min(highest, protocolMax);
  return version >= Math.max(lowest, protocolMin) ? version : undefined;
}

export const isSameNode = (a: NodeIdentity, b: NodeIdentity): boolean =>
  a.node === b.node && a.service === b.service && a.incarnation === b.incarnation;

export const labelOf = ({ node, service, incarnation }: NodeIdentity): string => `${node} of ${service}, ${incarnation.slice(0, 8)}`;

const plain = ({ node, service, incarnation }: NodeIdentity): Json => ({ node, service, incarnation });

function readMarked(frame: unknown): Members | undefined {
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) return undefined;
  return (frame as Members)["atoll"] === marker ? (frame as Members) : undefined;
}

function readIdentity(value: unknown): NodeIdentity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { node, service, incarnation } = value as Members;
  if (!isName(node) || !isName(service) || typeof incarnation !== "string" || !/^[0-9a-f]{32}$/.test(incarnation)) return undefined;
  return { node, service, incarnation };
}

/** What can only deadlock or cost without end is refused. */
function readAllowance(value: unknown): Allowance | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { messagesInFlightMax, charsInFlightMax, messageCharsMax, silentMs } = value as Members;
  if (!isCount(messagesInFlightMax) || !isCount(charsInFlightMax) || !isCount(messageCharsMax) || !isCount(silentMs)) return undefined;
  if (messagesInFlightMax < 2 || !holdsTwoMessages({ charsInFlightMax, messageCharsMax })) return undefined;
  if (silentMs !== 0 && silentMs < silentMsMin) return undefined;
  return { messagesInFlightMax, charsInFlightMax, messageCharsMax, silentMs };
}

/** Credit goes back by halves, so that half of it must always be enough for one message. */
export const holdsTwoMessages = (limits: Pick<Allowance, "charsInFlightMax" | "messageCharsMax">): boolean =>
  limits.charsInFlightMax >= 2 * (limits.messageCharsMax + headCharsMax);

const isName = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= nameCharsMax;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
