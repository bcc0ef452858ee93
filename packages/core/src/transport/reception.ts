// What a listener keeps of those who have connected, whatever the medium: strangers, whose handshake is not finished, and
// links. Both are bounded (T7). Of too many strangers the oldest goes: a caller that means it is done within a round trip,
// so that those who connect and say nothing cannot keep it out.
import type { Runtime } from "../runtime/index.ts";
import type { ConnectReason } from "./connect-failure.ts";
import { LinkEnd, type Wire } from "./link-end.ts";
import type { LinkMetrics } from "./link-metrics.ts";
import { isTicketOf } from "./ticket.ts";
import type { HandleLink } from "./transport.ts";
import type { NodeOptions } from "./node-options.ts";

const minuteMs = 60_000;
const refusalsLoggedPerMinute = 20;

export class Reception {
  readonly #runtime: Runtime;
  readonly #node: NodeOptions;
  readonly #secret: string;
  readonly #accept: HandleLink;
  readonly #metrics: LinkMetrics;
  readonly #strangers = new Set<LinkEnd>();
  #links = 0;
  /** Refusals since the last minute of logging began, and when that was. */
  #refusals = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(runtime: Runtime, node: NodeOptions, secret: string, accept: HandleLink, metrics: LinkMetrics) {
    this.#runtime = runtime;
    this.#node = node;
    this.#secret = secret;
    this.#accept = accept;
    this.#metrics = metrics;
  }

  /** The end for a connection that has just come; `from` names it for people. */
  receive(wire: Wire, from: string): LinkEnd {
    const { system, self, hello, limits } = this.#node;
    for (const oldest of this.#strangers) {
      if (this.#strangers.size < limits.strangersMax) break;
      oldest.late();
    }
    const end: LinkEnd = new LinkEnd(
      this.#runtime,
      {
        role: "listener",
        system,
        self,
        hello,
        limits,
        full: () => this.#links >= limits.linksMax,
        proves: (caller, ticket) => isTicketOf(ticket, this.#secret, system, caller),
      },
      wire,
      {
        handle: this.#accept,
        met: () => {
          this.#strangers.delete(end);
          this.#links += 1;
        },
        unmet: (reason, what) => {
          this.#strangers.delete(end);
          this.#metrics.refused(reason);
          this.#log(from, reason, what);
        },
        gone: () => {
          this.#links -= 1;
        },
      },
      this.#metrics,
    );
    this.#strangers.add(end);
    return end;
  }

  /** Who knocks without end must not fill the disk; the counters know of all. */
  #log(from: string, reason: ConnectReason, what: string): void {
    const { clock, logger } = this.#runtime;
    const nowMs = clock.monotonic();
    if (nowMs - this.#sinceMs >= minuteMs) {
      this.#sinceMs = nowMs;
      this.#refusals = 0;
    }
    this.#refusals += 1;
    if (this.#refusals > refusalsLoggedPerMinute) return;
    // Whoever looks whether anybody listens comes and goes without a word.
    logger.log(reason === "unreachable" ? "debug" : "warn", "link.refused", { from, reason, what });
  }

  /** Turns away those whose handshake is not finished. */
  close(): void {
    for (const stranger of this.#strangers) stranger.late();
  }
}
