// Every bound of the HTTP edge, in one place, each with what a client sees when it is reached. (How deep a body may nest is
// a law of the contracts, `jsonDepthMax`; here a deeper one is answered 400.)
import { Failure } from "@atoll/core";

export interface Limits {
  /** Bytes of one request body. Above: 413, and no more than this is ever kept. */
  readonly bodyBytesMax: number;
  /** Bytes of all bodies that are being received at one moment. Above: 503 OVERLOADED for the request that asked for more. */
  readonly bodiesBytesMax: number;
  /** Bytes of request line and headers together. Above: 431. */
  readonly headerBytesMax: number;
  /** Bytes of the request target. Above: 414 (431 if it does not even fit into `headerBytesMax`). */
  readonly urlBytesMax: number;
  /** Requests that are being answered at one moment, without those still sending their body. Above: 503 OVERLOADED. */
  readonly requestsInFlightMax: number;
  /** Open connections. Above: the connection is closed at once. */
  readonly connectionsMax: number;
  /** Milliseconds for the headers to arrive, from the connection or the first byte. Then 408; checked once a second. */
  readonly headersWithinMs: number;
  /** Milliseconds for headers and body to arrive. Then 408; checked once a second. */
  readonly requestWithinMs: number;
  /** Milliseconds that an idle connection is kept: longer than the 60 s of common proxies, so that they close first. */
  readonly keepAliveMs: number;
  /**
   * Milliseconds without a byte in either direction while a request is being answered; then the connection is closed. At least a
   * second more than the longest deadline of a route, so that it is only met by clients that do not read.
   */
  readonly stalledMs: number;
  /** Milliseconds for an answer, where the route names no `within`. Then 504. */
  readonly answerWithinMs: number;
  /** Bytes of an answer that is kept for its Idempotency-Key. A longer one is not: a repeated request asks again under its command id. */
  readonly keptAnswerBytesMax: number;
  /** UTF-16 units of a request, as it is stored, that may be answered 202. A longer one is answered when it is done, or 504. */
  readonly laterRequestLengthMax: number;
  /** Milliseconds for one attempt to carry out a request of a route with `later`; then it is asked again under its command id. */
  readonly laterAttemptMs: number;
  /** Attempts for requests answered 202 that run at one moment. Others wait for their turn. */
  readonly laterAttemptsMax: number;
  /** Milliseconds for which a request answered 202 is asked again and again before it is given up, which is logged as an error. */
  readonly laterForMs: number;
  /** Open feeds. Above: 503 OVERLOADED. */
  readonly feedsMax: number;
  /** Bytes of messages that wait for one client to read. Beyond, its feed goes on from the log once it reads again. */
  readonly feedBufferBytesMax: number;
  /** Milliseconds without a message after which a feed sends a comment; at most a third of `stalledMs` is used. */
  readonly feedHeartbeatMs: number;
  /** Milliseconds that clients are asked to wait before they take up a feed again. */
  readonly feedRetryMs: number;
}

export const defaultLimits: Limits = {
  bodyBytesMax: 2 ** 20,
  bodiesBytesMax: 2 ** 28,
  headerBytesMax: 2 ** 14,
  urlBytesMax: 2 ** 13,
  requestsInFlightMax: 10_000,
  connectionsMax: 10_000,
  headersWithinMs: 10_000,
  requestWithinMs: 30_000,
  keepAliveMs: 65_000,
  stalledMs: 60_000,
  answerWithinMs: 10_000,
  keptAnswerBytesMax: 2 ** 18,
  laterRequestLengthMax: 2 ** 16,
  laterAttemptMs: 60_000,
  laterAttemptsMax: 256,
  laterForMs: 24 * 3_600_000,
  feedsMax: 1_000,
  feedBufferBytesMax: 2 ** 16,
  feedHeartbeatMs: 15_000,
  feedRetryMs: 2_000,
};

/** The defaults with some replaced; INVALID_DEFINITION for a name that is no limit or a value that is no whole number above 0. */
export function limitsFrom(given: Partial<Limits>): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultLimits, name))
      throw new Failure("INVALID_DEFINITION", { what: `there is no limit "${name}"`, at: "gateway limits" });
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new Failure("INVALID_DEFINITION", {
        what: `${name} must be a whole number above 0, not ${String(value)}`,
        at: "gateway limits",
      });
    }
  }
  return { ...defaultLimits, ...given };
}
