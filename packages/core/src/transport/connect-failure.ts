// Why there is no link, as the caller hears it.
import { Failure, type FailureCode } from "../base/failure.ts";

/** What a listener says when it refuses (T6). */
export const refusals = ["protocol", "system", "identity", "ticket", "full", "malformed"] as const;
export type Refusal = (typeof refusals)[number];

/**
 * "unreachable": nobody listens there, or the connection broke · "silent": no answer within `handshakeMs` · "full": the listener has
 * as many links as it takes · "identity": another node or incarnation is there, so the address is old · "system",
 * "protocol", "ticket": the two will never agree · "malformed": one of the two cannot read the other.
 */
export type ConnectReason = Refusal | "unreachable" | "silent";

const codes: { readonly [reason in ConnectReason]: FailureCode } = {
  unreachable: "UNAVAILABLE",
  silent: "UNAVAILABLE",
  full: "UNAVAILABLE",
  identity: "UNAVAILABLE",
  protocol: "LINK_REFUSED",
  system: "LINK_REFUSED",
  ticket: "LINK_REFUSED",
  malformed: "LINK_REFUSED",
};

export class ConnectFailure extends Failure {
  readonly reason: ConnectReason;

  constructor(reason: ConnectReason, what: string, at: string, cause?: unknown) {
    super(codes[reason], { what, at, ...(cause === undefined ? {} : { cause }) });
    this.reason = reason;
  }
}
