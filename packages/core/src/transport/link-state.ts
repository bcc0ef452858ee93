// What one end of a link knows, what may happen to it, and what it may want done; and what can be read off it. The rules are
// in link-machine.ts.
import type { Json } from "../contract/index.ts";
import type { ConnectReason } from "./connect-failure.ts";
import type { Allowance } from "./handshake.ts";
import { headCharsMax, type LinkLimits } from "./link-limits.ts";
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
  | { readonly kind: "open"; readonly peer: NodeIdentity; readonly protocol: number; readonly hello: Json }
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

export type LinkStep = readonly [LinkState, readonly LinkEffect[]];

/** Entries of a frame before its messages. */
export const headEntries = 3;

/** Ticks within the shorter of the two ends' patience. */
const ticksPerPatience = 4;

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
