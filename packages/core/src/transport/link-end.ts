// Carries out what the machine of one end says (link-machine.ts), over whatever medium: gathers what is sent until the end
// of the turn, so that many messages share one frame; calls the handler; keeps the two timers that a link has, one for the
// handshake and one for the signs of life.
import { unreachable } from "../base/assert.ts";
import { Failure } from "../base/failure.ts";
import type { Json } from "../contract/index.ts";
import type { Runtime, Timer } from "../runtime/index.ts";
import type { ConnectReason } from "./connect-failure.ts";
import { labelOf } from "./handshake.ts";
import { frameCharsMax } from "./link-limits.ts";
import { beginLink } from "./link-greeting.ts";
import { stepLink } from "./link-machine.ts";
import {
  beatMsOf,
  hasRoom,
  headEntries,
  headOf,
  type LinkConfig,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type OpenLink,
  owesCredit,
} from "./link-state.ts";
import type { LinkMetrics } from "./link-metrics.ts";
import type { HandleLink, Link, LinkHandler, LinkLoss, NodeIdentity } from "./transport.ts";

/** The medium as one end writes to it. What arrives it gives to `LinkEnd.received`, in turns of its own, never within a call. */
export interface Wire {
  /** What a frame is: JSON text, or the list itself, where nothing has to be carried. */
  readonly form: "text" | "value";
  write(frame: string | Json): void;
  /** What was written still leaves; `linger`: the other end is given time to read it, and to end as well. Idempotent. */
  end(linger: boolean): void;
}

export type LinkPorts = Pick<Runtime, "scheduler" | "timers" | "logger">;

/** Who made this end. */
export interface LinkOwner {
  /** Makes the handler: the link is open. */
  readonly handle: HandleLink;
  /** Called once, after `handle`. */
  readonly met: (link: Link) => void;
  /** Called once: there will be no link. */
  readonly unmet: (reason: ConnectReason, what: string) => void;
  /** Called once, if `met` was: the link is lost. */
  readonly gone: () => void;
}

const nobody: NodeIdentity = { node: "nobody", service: "none", incarnation: "" };

export class LinkEnd implements Link {
  peer: NodeIdentity = nobody;
  hello: Json = null;
  protocol = 0;
  readonly #ports: LinkPorts;
  readonly #config: LinkConfig;
  readonly #wire: Wire;
  readonly #owner: LinkOwner;
  readonly #metrics: LinkMetrics;
  readonly #flushAtEndOfTurn = (): void => {
    this.#flushDue = false;
    this.#flush();
  };
  readonly #ticks = (): void => {
    this.#step({ kind: "tick" });
    if (this.#state.kind === "open") this.#timer = this.#ports.timers.after(this.#beatMs, this.#ticks);
  };
  #state: LinkState;
  #handler: LinkHandler | undefined;
  #timer: Timer | undefined;
  #beatMs = 0;
  /** Messages of the frame that leaves next: texts or values, as the wire likes it. */
  #waiting: Json[] = [];
  #waitingChars = 0;
  #flushDue = false;
  /** A send was refused, and nobody was told yet that there is room. */
  #wanted = false;

  constructor(ports: LinkPorts, config: LinkConfig, wire: Wire, owner: LinkOwner, metrics: LinkMetrics) {
    this.#ports = ports;
    this.#config = config;
    this.#wire = wire;
    this.#owner = owner;
    this.#metrics = metrics;
    const [state, effects] = beginLink(config);
    this.#state = state;
    this.#timer = ports.timers.after(config.limits.handshakeMs, () => this.#step({ kind: "late" }));
    this.#perform(effects);
  }

  send(message: string): boolean {
    const state = this.#state;
    if (state.kind !== "open") return false;
    let entry: Json = message;
    let chars = 0;
    if (this.#wire.form === "value") entry = JSON.parse(message) as Json;
    else {
      chars = message.length + 1; // and the comma before it
      if (chars > state.allowed.messageCharsMax) throw this.#tooLarge(chars, state.allowed.messageCharsMax);
    }
    const { batchMessages } = this.#config.limits;
    const isFull = this.#waiting.length >= batchMessages || this.#waitingChars + chars > this.#batchCharsMax(state.allowed.messageCharsMax);
    if (isFull) this.#flush(); // its head counts before room is looked for
    if (!hasRoom(this.#state as OpenLink, this.#waiting.length, this.#waitingChars, chars)) {
      this.#wanted = true;
      return false;
    }
    this.#waiting.push(entry);
    this.#waitingChars += chars;
    if (!this.#flushDue) this.#flushSoon();
    return true;
  }

  close(why = "closed"): void {
    this.#flush();
    this.#step({ kind: "close", why });
  }

  // ── the medium's side ───────────────────────────────────────────────────────────────────────────────────────────────────

  get isOver(): boolean {
    return this.#state.kind === "ended";
  }

  /** The longest frame that this end takes now. */
  get frameCharsMax(): number {
    return this.#state.kind === "open" ? frameCharsMax(this.#state.allowed) : this.#config.limits.helloCharsMax;
  }

  /** `frame`: what `JSON.parse` made of so many characters, or the value itself where the wire carries values; then `chars` is 0. */
  received(frame: unknown, chars: number): void {
    this.#metrics.framesArrived.add(1);
    this.#step({ kind: "frame", frame, chars });
  }

  garbled(why: string): void {
    this.#step({ kind: "garbled", why });
  }

  broken(why: string): void {
    this.#step({ kind: "broken", why });
  }

  /** Gives up a handshake that is not finished. */
  late(): void {
    this.#step({ kind: "late" });
  }

  // ── carrying out ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #step(input: LinkInput): void {
    const [state, effects] = stepLink(this.#config, this.#state, input);
    this.#state = state;
    if (effects.length > 0) this.#perform(effects);
  }

  #perform(effects: readonly LinkEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "deliver":
          this.#deliver(effect.frame, effect.chars);
          break;
        case "flush":
          this.#flushSoon();
          break;
        case "beat":
          this.#writeFrame();
          break;
        case "room":
          this.#giveRoom();
          break;
        case "duplicate":
          this.#metrics.duplicates.add(1);
          break;
        case "write":
          this.#wire.write(this.#wire.form === "text" ? JSON.stringify(effect.frame) : effect.frame);
          break;
        case "open":
          this.#open(effect);
          break;
        case "end":
          this.#end(effect.loss);
          break;
        case "unmet":
          this.#release(false);
          this.#owner.unmet(effect.reason, effect.what);
          break;
        default:
          unreachable(effect, "an end of a link");
      }
    }
  }

  #deliver(frame: readonly Json[], chars: number): void {
    const handler = this.#handler as LinkHandler;
    const messages = frame.length - headEntries;
    this.#metrics.messagesArrived.add(messages);
    for (let i = headEntries; i < frame.length; i++) {
      if (this.#state.kind !== "open") return; // the handler closed the link
      try {
        handler.message(frame[i]);
      } catch (error) {
        return this.#threw("message", error);
      }
    }
    this.#step({ kind: "handled", messages, chars });
  }

  #giveRoom(): void {
    if (!this.#wanted || this.#state.kind !== "open") return;
    this.#wanted = false;
    try {
      (this.#handler as LinkHandler).room();
    } catch (error) {
      this.#threw("room", error);
    }
  }

  #open({ peer, protocol, hello }: Extract<LinkEffect, { readonly kind: "open" }>): void {
    this.peer = peer;
    this.hello = hello;
    this.protocol = protocol;
    this.#timer?.cancel();
    this.#metrics.opened();
    try {
      this.#handler = this.#owner.handle(this);
    } catch (error) {
      this.#handler = { message: () => {}, room: () => {}, closed: () => {} };
      this.#threw("accept", error);
    }
    this.#owner.met(this);
    if (this.#state.kind !== "open") return; // the handler closed it, or threw
    this.#beatMs = beatMsOf(this.#config, this.#state);
    if (this.#beatMs > 0) this.#timer = this.#ports.timers.after(this.#beatMs, this.#ticks);
  }

  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#ports.scheduler.endOfTurn(this.#flushAtEndOfTurn);
  }

  #flush(): void {
    const state = this.#state;
    if (state.kind === "open" && (this.#waiting.length > 0 || owesCredit(state))) this.#writeFrame();
  }

  #writeFrame(): void {
    const state = this.#state;
    if (state.kind !== "open") return;
    const waiting = this.#waiting;
    const messages = waiting.length;
    const [first, handled, handledChars] = headOf(state);
    let frame: string | Json;
    let chars = 0;
    if (this.#wire.form === "text") {
      frame = `[${first},${handled},${handledChars}${messages === 0 ? "" : `,${(waiting as string[]).join(",")}`}]`;
      if (messages > 0) chars = frame.length;
    } else {
      frame = [first, handled, handledChars, ...waiting];
    }
    if (messages > 0) {
      this.#waiting = [];
      this.#waitingChars = 0;
      this.#metrics.messagesSent.add(messages);
    }
    this.#metrics.framesSent.add(1);
    this.#step({ kind: "sent", messages, chars });
    this.#wire.write(frame);
  }

  #end(loss: LinkLoss): void {
    this.#release(true);
    this.#metrics.lost(loss.kind);
    if (loss.kind === "violated" || loss.kind === "gap") {
      this.#ports.logger.log("warn", `link.${loss.kind}`, { peer: labelOf(this.peer), why: loss.why });
    }
    this.#ports.scheduler.soon(() => {
      this.#owner.gone(); // first: a handler that throws must not keep its place
      this.#handler?.closed(loss);
    });
  }

  #release(linger: boolean): void {
    this.#timer?.cancel();
    this.#waiting = [];
    this.#waitingChars = 0;
    this.#wire.end(linger);
  }

  #threw(where: string, error: unknown): void {
    this.#ports.logger.log("error", "link.handler_failed", { peer: labelOf(this.peer), where, error });
    this.#step({ kind: "failed", why: `the handler threw in ${where}` });
  }

  #batchCharsMax(messageCharsMax: number): number {
    return Math.min(this.#config.limits.batchChars, messageCharsMax);
  }

  #tooLarge(chars: number, max: number): Failure {
    return new Failure("MESSAGE_TOO_LARGE", { what: `it has ${chars} characters of at most ${max}`, at: labelOf(this.peer) });
  }
}
