// A request as routes need it. A `Request` is one; what the listener makes of a message of Node's (socket-request.ts) is another,
// that costs no `Request`, no `Headers`, and at start none of the library that Node keeps those in.

/** What is read of headers. */
export interface HeaderFields {
  /** All values of the name, as `Headers` joins them; null if there is none. The name in lower case. */
  get(name: string): string | null;
}

export interface EdgeRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: HeaderFields;
  /** Aborted when the client has gone before its answer was written. */
  readonly signal: AbortSignal;
}

/** Fields of which a `Headers` can be made, for callbacks that want one. */
export interface WholeFields extends HeaderFields {
  readonly whole: Headers;
}

export const headersOf = ({ headers }: EdgeRequest): Headers =>
  "whole" in headers ? (headers as WholeFields).whole : (headers as Headers);
