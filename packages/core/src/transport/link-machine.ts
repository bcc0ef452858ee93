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
import { readHello, readWelcome } from "./handshake.ts";
import { stepGreeting } from "./link-greeting.ts";
import { frameCharsMax, whyCharsMax } from "./link-limits.ts";
import {
  beatMsOf,
  headEntries,
  type LinkConfig,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type LinkStep,
  type OpenLink,
  owesCredit,
} from "./link-state.ts";
import type { LinkLoss } from "./transport.ts";

const none: readonly LinkEffect[] = [];
const duplicate: readonly LinkEffect[] = [{ kind: "duplicate" }];
const flush: readonly LinkEffect[] = [{ kind: "flush" }];
const beat: readonly LinkEffect[] = [{ kind: "beat" }];
const room: readonly LinkEffect[] = [{ kind: "room" }];
const ended: LinkState = { kind: "ended" };

export function stepLink(config: LinkConfig, state: LinkState, input: LinkInput): LinkStep {
  switch (state.kind) {
    case "open":
      return stepOpen(config, state, input);
    case "ended":
      return [state, none];
    case "calling":
    case "called":
      return stepGreeting(config, state, input);
    default:
      return unreachable(state, "a link");
  }
}

function stepOpen(config: LinkConfig, state: OpenLink, input: LinkInput): LinkStep {
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

function received(state: OpenLink, frame: unknown, chars: number): LinkStep {
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

function tick(config: LinkConfig, state: OpenLink): LinkStep {
  const { silentMs } = config.limits;
  const quiet = state.heard ? 0 : state.quiet + 1;
  if (silentMs > 0 && quiet * beatMsOf(config, state) >= silentMs)
    return over({ kind: "silent", why: `nothing was heard for ${silentMs} ms` });
  return [{ ...state, quiet, heard: false, spoke: false }, state.spoke ? none : beat];
}

const violated = (why: string): LinkStep => over({ kind: "violated", why });

/** Ends with a goodbye, so that the other end knows why, if it still listens. */
const over = (loss: LinkLoss): LinkStep => [
  ended,
  [
    { kind: "write", frame: ["bye", loss.why.slice(0, whyCharsMax)] },
    { kind: "end", loss },
  ],
];

const isHandshake = (frame: unknown): boolean => readHello(frame) !== undefined || readWelcome(frame) !== undefined;
const whyOf = (value: Json): string => (typeof value === "string" ? value.slice(0, whyCharsMax) : "no reason given");
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
