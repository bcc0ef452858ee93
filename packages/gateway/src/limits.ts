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
