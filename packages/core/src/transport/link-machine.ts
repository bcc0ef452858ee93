// One end of a link as a pure machine: handshake, sequence, credit, signs of life, end. No clock, no I/O, no message: what it
// says is carried out by link-end.ts over a medium that may be anything from a queue to a lossy network. Why so: ADR 0027.
//
// After the handshake a frame is a list of JSON: [first, handled, chars, …messages].
//   first    how many messages this end had sent before: the number of the first one here. A frame without messages is a sign
//            of life or gives back credit.
//   handled  how many messages of the other end this one has handled, and their characters. Running totals, so that
//            a frame that is lost or repeated gives back neither too little for long nor too much.
// A list that begins with a word is a goodbye: ["bye", why].
//
// M1  A frame whose `first` is beyond what has arrived shows a gap, also if it has no messages: the link ends. One that has
//     arrived as a whole is dropped. One that has arrived in part is nothing an honest end sends.
// M2  Credit goes back at the latest with half of it: what cannot be sent although all is handled does not exist, since
//     half of it is room for any message.
// M3  What was handled never exceeds what was sent, and what arrives never what was allowed; else the other end is not honest.
// M4  Silence is counted in ticks of this end's own time: one that was stopped or busy hears what has arrived meanwhile before
//     it accuses anybody.
// M5  Once ended it says nothing more, whatever comes.
import { unreachable } from "../base/assert.ts";
import type { Json } from "../contract/index.ts";
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
import { frameCharsMax, headCharsMax, type LinkLimits, whyCharsMax } from "./link-limits.ts";
import type { LinkLoss, NodeIdentity } from "./transport.ts";

interface Ends {
  readonly system: string;
  readonly self: NodeIdentity;
  readonly hello: Json;
  readonly limits: LinkLimits;
}

export type LinkConfig =
  | (Ends & { readonly role: "caller"; readonly to: NodeIdentity; readonly ticket: string })
  | (Ends & {
      readonly role: "listener";
      /** There is no room for another link. */
      readonly full: () => boolean;
      readonly proves: (caller: NodeIdentity, ticket: string) => boolean;
    });

export interface OpenLink {
  readonly kind: "open";
  /** What may be under way in either direction: the least of what the two ends allow. `silentMs` is the other end's. */
  readonly allowed: Allowance;
  readonly sent: number;
  readonly sentChars: number;
  /** Of what was sent, handled there as far as is known here. */
  readonly credited: number;
  readonly creditedChars: number;
  readonly arrived: number;
  readonly handled: number;
  readonly handledChars: number;
  /** Of what was handled, told the other end. */
  readonly told: number;
  readonly toldChars: number;
  /** Since the last tick: whether anything arrived, and whether messages left. */
  readonly heard: boolean;
  readonly spoke: boolean;
  /** Ticks in a row in which nothing arrived. */
  readonly quiet: number;
}

export type LinkState = { readonly kind: "calling" } | { readonly kind: "called" } | OpenLink | { readonly kind: "ended" };

export type LinkInput =
  /** `frame` is what JSON made of so many characters. */
  | { readonly kind: "frame"; readonly frame: unknown; readonly chars: number }
  /** The messages of the last `deliver` are handled. */
  | { readonly kind: "handled"; readonly messages: number; readonly chars: number }
  /** A frame with `headOf` this state has left. */
  | { readonly kind: "sent"; readonly messages: number; readonly chars: number }
  /** Comes every `beatMsOf`. */
  | { readonly kind: "tick" }
  /** The handshake has taken too long. */
  | { readonly kind: "late" }
  | { readonly kind: "close"; readonly why: string }
  /** The handler threw. */
  | { readonly kind: "failed"; readonly why: string }
  /** What arrived is no frame, or too large for one. */
  | { readonly kind: "garbled"; readonly why: string }
  /** The medium is at its end. */
  | { readonly kind: "broken"; readonly why: string };

export type LinkEffect =
  | { readonly kind: "write"; readonly frame: Json }
  | { readonly kind: "open"; readonly peer: NodeIdentity; readonly hello: Json }
  /** The messages of this frame, which begin behind its head. */
  | { readonly kind: "deliver"; readonly frame: readonly Json[]; readonly chars: number }
  /** A frame is to leave at the end of the turn, with or without messages. */
  | { readonly kind: "flush" }
  /** A frame without messages is to leave now. */
  | { readonly kind: "beat" }
  /** There is room for any message. */
  | { readonly kind: "room" }
  | { readonly kind: "duplicate" }
  /** The link is lost; the medium ends. */
  | { readonly kind: "end"; readonly loss: LinkLoss }
  /** There will be no link; the medium ends. */
  | { readonly kind: "unmet"; readonly reason: ConnectReason; readonly what: string };

type Step = readonly [LinkState, readonly LinkEffect[]];

/** Entries of a frame before its messages. */
export const headEntries = 3;

const none: readonly LinkEffect[] = [];
const duplicate: readonly LinkEffect[] = [{ kind: "duplicate" }];
const flush: readonly LinkEffect[] = [{ kind: "flush" }];
const beat: readonly LinkEffect[] = [{ kind: "beat" }];
const room: readonly LinkEffect[] = [{ kind: "room" }];
const ended: LinkState = { kind: "ended" };
/** Ticks within the shorter of the two ends' patience. */
const ticksPerPatience = 4;

export function beginLink(config: LinkConfig): Step {
  if (config.role === "listener") return [{ kind: "called" }, none];
  const { system, self, to, ticket, hello, limits } = config;
  const said: Hello = { protocol: [protocolMin, protocolMax], system, from: self, to, ticket, allows: allowanceOf(limits), hello };
  return [{ kind: "calling" }, [{ kind: "write", frame: helloFrame(said) }]];
}

export function stepLink(config: LinkConfig, state: LinkState, input: LinkInput): Step {
  switch (state.kind) {
    case "open":
      return stepOpen(config, state, input);
    case "ended":
      return [state, none];
    case "calling":
    case "called":
      return stepHandshake(config, state, input);
    default:
      return unreachable(state, "a link");
  }
}

/** The head of the next frame, with or without messages. */
export const headOf = (state: OpenLink): readonly [number, number, number] => [state.sent, state.handled, state.handledChars];

/** Whether one more message of `chars` may be taken while `waiting` of `waitingChars` wait for their frame. */
export function hasRoom(state: OpenLink, waiting: number, waitingChars: number, chars: number): boolean {
  const { allowed } = state;
  if (state.sent - state.credited + waiting >= allowed.messagesInFlightMax) return false;
  return state.sentChars - state.creditedChars + waitingChars + chars + headCharsMax <= allowed.charsInFlightMax;
}

/** Whether what was handled has to be told although there is nothing to send. */
export const owesCredit = ({ allowed, handled, told, handledChars, toldChars }: OpenLink): boolean =>
  2 * (handled - told) >= allowed.messagesInFlightMax || 2 * (handledChars - toldChars) >= allowed.charsInFlightMax;

/** Milliseconds between two ticks; 0: none. */
export function beatMsOf({ limits }: LinkConfig, { allowed }: OpenLink): number {
  const patience = Math.min(limits.silentMs || Number.POSITIVE_INFINITY, allowed.silentMs || Number.POSITIVE_INFINITY);
  return Number.isFinite(patience) ? patience / ticksPerPatience : 0;
}

const allowanceOf = ({ messagesInFlightMax, charsInFlightMax, messageCharsMax, silentMs }: LinkLimits): Allowance => ({
  messagesInFlightMax,
  charsInFlightMax,
  messageCharsMax,
  silentMs,
});

// ── handshake ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

function stepHandshake(config: LinkConfig, state: LinkState, input: LinkInput): Step {
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
      return [state, none];
    default:
      return unreachable(input, "a handshake");
  }
}

function greeted(config: LinkConfig & { readonly role: "listener" }, frame: unknown): Step {
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
      { kind: "open", peer: said.from, hello: said.hello },
    ],
  ];
}

function welcomed(config: LinkConfig & { readonly role: "caller" }, frame: unknown): Step {
  if (Array.isArray(frame)) return [ended, [unmet("unreachable", "the answer to the hello was overtaken or is lost")]];
  const said = readWelcome(frame);
  if (!said) return [ended, [unmet("malformed", "the answer is none of a link")]];
  if (said.kind === "refused") return [ended, [unmet(said.reason, said.what)]];
  const { to, limits } = config;
  if (said.protocol < protocolMin || said.protocol > protocolMax)
    return [ended, [unmet("protocol", `the answer is of version ${said.protocol}`)]];
  if (!isSameNode(said.from, to)) return [ended, [unmet("identity", `${labelOf(said.from)} answers instead of ${labelOf(to)}`)]];
  return [opened(limits, said.allows), [{ kind: "open", peer: said.from, hello: said.hello }]];
}

const unmet = (reason: ConnectReason, what: string): LinkEffect => ({ kind: "unmet", reason, what });

/** A caller that cannot read the answer has nobody to tell. */
function refuse({ role }: LinkConfig, reason: Refusal, what: string): Step {
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

// ── open ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function stepOpen(config: LinkConfig, state: OpenLink, input: LinkInput): Step {
  switch (input.kind) {
    case "frame":
      return received(state, input.frame, input.chars);
    case "handled": {
      const next = { ...state, handled: state.handled + input.messages, handledChars: state.handledChars + input.chars };
      return [next, owesCredit(next) ? flush : none];
    }
    case "sent":
      return [
        {
          ...state,
          sent: state.sent + input.messages,
          sentChars: state.sentChars + input.chars,
          told: state.handled,
          toldChars: state.handledChars,
          spoke: state.spoke || input.messages > 0, // a beat is no reason to leave out the next
        },
        none,
      ];
    case "tick":
      return tick(config, state);
    case "close":
      return over({ kind: "closed", by: "here", why: input.why });
    case "failed":
      return over({ kind: "failed", why: input.why });
    case "garbled":
      return over({ kind: "violated", why: input.why });
    case "broken":
      return [ended, [{ kind: "end", loss: { kind: "broken", why: input.why } }]];
    case "late":
      return [state, none];
    default:
      return unreachable(input, "an open link");
  }
}

function received(state: OpenLink, frame: unknown, chars: number): Step {
  if (!Array.isArray(frame)) return isHandshake(frame) ? [state, duplicate] : violated("a frame is a list");
  const entries = frame as readonly Json[];
  const [first, handled, handledChars] = entries;
  if (first === "bye") return [ended, [{ kind: "end", loss: { kind: "closed", by: "there", why: whyOf(handled) } }]];
  if (!isCount(first) || !isCount(handled) || !isCount(handledChars)) return violated("the head of a frame is three counts");
  if (handled > state.sent || handledChars > state.sentChars) return violated("more was handled than was sent");

  const messages = entries.length - headEntries;
  if (first > state.arrived) return over({ kind: "gap", why: `${first - state.arrived} messages are missing or late` });
  if (messages > 0 && first < state.arrived) {
    return first + messages <= state.arrived ? [state, duplicate] : violated("a frame repeats a part of another");
  }
  const { messagesInFlightMax, charsInFlightMax } = state.allowed;
  const used = state.arrived - state.told + messages;
  // Its own frame counts for nothing where it has no messages.
  const usedChars = state.handledChars - state.toldChars + (messages > 0 ? chars : 0);
  if (used > messagesInFlightMax || usedChars > charsInFlightMax || chars > frameCharsMax(state.allowed))
    return violated("more was sent than was allowed");

  const next: OpenLink = {
    ...state,
    arrived: state.arrived + messages,
    credited: Math.max(state.credited, handled),
    creditedChars: Math.max(state.creditedChars, handledChars),
    heard: true,
  };
  const rooms = next.credited > state.credited && halfFree(next) ? room : none;
  if (messages === 0) return [next, rooms];
  return [next, [{ kind: "deliver", frame: entries, chars }, ...rooms]];
}

/** M2: then there is room for any message. */
const halfFree = ({ allowed, sent, credited, sentChars, creditedChars }: OpenLink): boolean =>
  2 * (sent - credited) <= allowed.messagesInFlightMax && 2 * (sentChars - creditedChars) <= allowed.charsInFlightMax;

function tick(config: LinkConfig, state: OpenLink): Step {
  const { silentMs } = config.limits;
  const quiet = state.heard ? 0 : state.quiet + 1;
  if (silentMs > 0 && quiet * beatMsOf(config, state) >= silentMs)
    return over({ kind: "silent", why: `nothing was heard for ${silentMs} ms` });
  return [{ ...state, quiet, heard: false, spoke: false }, state.spoke ? none : beat];
}

const violated = (why: string): Step => over({ kind: "violated", why });

/** Ends with a goodbye, so that the other end knows why, if it still listens. */
const over = (loss: LinkLoss): Step => [
  ended,
  [
    { kind: "write", frame: ["bye", loss.why.slice(0, whyCharsMax)] },
    { kind: "end", loss },
  ],
];

const isHandshake = (frame: unknown): boolean => readHello(frame) !== undefined || readWelcome(frame) !== undefined;
const whyOf = (value: Json): string => (typeof value === "string" ? value.slice(0, whyCharsMax) : "no reason given");
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
