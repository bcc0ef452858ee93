// The part of the link machine until the link is open: who says what first, and what is refused (T6).
import { unreachable } from "../base/assert.ts";
import type { ConnectReason, Refusal } from "./connect-failure.ts";
import {
  agreed,
  type Allowance,
  type Hello,
  helloFrame,
  isSameNode,
  labelOf,
  protocolMax,
  protocolMin,
  readHello,
  readWelcome,
  refusalFrame,
  welcomeFrame,
} from "./handshake.ts";
import { type LinkLimits, whyCharsMax } from "./link-limits.ts";
import type { LinkConfig, LinkEffect, LinkInput, LinkState, LinkStep, OpenLink } from "./link-state.ts";

const ended: LinkState = { kind: "ended" };

export function beginLink(config: LinkConfig): LinkStep {
  if (config.role === "listener") return [{ kind: "called" }, []];
  const { system, self, to, ticket, hello, limits } = config;
  const said: Hello = { protocol: [protocolMin, protocolMax], system, from: self, to, ticket, allows: allowanceOf(limits), hello };
  return [{ kind: "calling" }, [{ kind: "write", frame: helloFrame(said) }]];
}

export function stepGreeting(config: LinkConfig, state: LinkState, input: LinkInput): LinkStep {
  switch (input.kind) {
    case "frame":
      return config.role === "caller" ? welcomed(config, input.frame) : greeted(config, input.frame);
    case "late":
      return [ended, [unmet("silent", `no ${config.role === "caller" ? "answer" : "hello"} within ${config.limits.handshakeMs} ms`)]];
    case "garbled":
      return refuse(config, "malformed", input.why);
    case "close":
    case "broken":
    case "failed":
      return [ended, [unmet("unreachable", input.why)]];
    case "handled":
    case "sent":
    case "tick":
      return [state, []];
    default:
      return unreachable(input, "a handshake");
  }
}

function greeted(config: LinkConfig & { readonly role: "listener" }, frame: unknown): LinkStep {
  const said = readHello(frame);
  if (!said) return refuse(config, "malformed", "what came first is no hello of a link");
  const { system, self, limits, hello } = config;
  const protocol = agreed(said.protocol);
  if (protocol === undefined)
    return refuse(config, "protocol", `this node speaks ${protocolMin} to ${protocolMax}, the caller ${said.protocol.join(" to ")}`);
  if (said.system !== system) return refuse(config, "system", `this is system "${system}", the caller belongs to "${said.system}"`);
  if (!config.proves(said.from, said.ticket)) return refuse(config, "ticket", `the ticket does not prove ${labelOf(said.from)}`);
  if (!isSameNode(said.to, self)) return refuse(config, "identity", `this is ${labelOf(self)}, not ${labelOf(said.to)}`);
  if (config.full()) return refuse(config, "full", `this node has ${limits.linksMax} links`);
  const answer = welcomeFrame({ protocol, from: self, allows: allowanceOf(limits), hello });
  return [
    opened(limits, said.allows),
    [
      { kind: "write", frame: answer },
      { kind: "open", peer: said.from, protocol, hello: said.hello },
    ],
  ];
}

function welcomed(config: LinkConfig & { readonly role: "caller" }, frame: unknown): LinkStep {
  if (Array.isArray(frame)) return [ended, [unmet("unreachable", "the answer to the hello was overtaken or is lost")]];
  const said = readWelcome(frame);
  if (!said) return [ended, [unmet("malformed", "the answer is none of a link")]];
  if (said.kind === "refused") return [ended, [unmet(said.reason, said.what)]];
  const { to, limits } = config;
  if (said.protocol < protocolMin || said.protocol > protocolMax)
    return [ended, [unmet("protocol", `the answer is of version ${said.protocol}`)]];
  if (!isSameNode(said.from, to)) return [ended, [unmet("identity", `${labelOf(said.from)} answers instead of ${labelOf(to)}`)]];
  return [opened(limits, said.allows), [{ kind: "open", peer: said.from, protocol: said.protocol, hello: said.hello }]];
}

const unmet = (reason: ConnectReason, what: string): LinkEffect => ({ kind: "unmet", reason, what });

/** A caller that cannot read the answer has nobody to tell. */
function refuse({ role }: LinkConfig, reason: Refusal, what: string): LinkStep {
  const effects: readonly LinkEffect[] =
    role === "caller"
      ? [unmet(reason, what)]
      : [{ kind: "write", frame: refusalFrame(reason, what.slice(0, whyCharsMax)) }, unmet(reason, what)];
  return [ended, effects];
}

function opened(own: LinkLimits, theirs: Allowance): OpenLink {
  const allowed: Allowance = {
    messagesInFlightMax: Math.min(own.messagesInFlightMax, theirs.messagesInFlightMax),
    charsInFlightMax: Math.min(own.charsInFlightMax, theirs.charsInFlightMax),
    messageCharsMax: Math.min(own.messageCharsMax, theirs.messageCharsMax),
    silentMs: theirs.silentMs,
  };
  return {
    kind: "open",
    allowed,
    sent: 0,
    sentChars: 0,
    credited: 0,
    creditedChars: 0,
    arrived: 0,
    handled: 0,
    handledChars: 0,
    told: 0,
    toldChars: 0,
    heard: true,
    spoke: false,
    quiet: 0,
  };
}

const allowanceOf = ({ messagesInFlightMax, charsInFlightMax, messageCharsMax, silentMs }: LinkLimits): Allowance => ({
  messagesInFlightMax,
  charsInFlightMax,
  messageCharsMax,
  silentMs,
});
