// An answer before it becomes a `Response`: plain data, so that it can be kept for an Idempotency-Key, and written
// without a stream in between.

export type AnswerHeaders = { readonly [name: string]: string };

export interface Answer {
  readonly status: number;
  /** Lower-case names; Content-Length is added with the body. */
  readonly headers: AnswerHeaders;
  /** Null for no content at all. */
  readonly body: string | null;
  /** In the place of `body`, what comes bit by bit. */
  readonly stream?: ReadableStream<Uint8Array>;
}

export const jsonHeaders: AnswerHeaders = { "content-type": "application/json" };
const nothing: AnswerHeaders = {};
const emptyHeaders: AnswerHeaders = { "content-length": "0" };

export const jsonAnswer = (status: number, value: unknown): Answer => ({ status, headers: jsonHeaders, body: JSON.stringify(value) });

/** Content-Length says so, because a server would otherwise announce chunks; 204 and 304 must not have one. */
export const emptyAnswer = (status: number): Answer => ({
  status,
  headers: status === 204 || status === 304 ? nothing : emptyHeaders,
  body: null,
});

/**
 * Accepted, and to be seen at `location`. With a body that says so: clients that read JSON from every answer to a POST exist, and
 * some of them do not survive one without.
 */
export const acceptedAnswer = (location: string, headers: AnswerHeaders): Answer => ({
  status: 202,
  headers: { ...jsonHeaders, location, ...headers },
  body: JSON.stringify({ status: "accepted", location }),
});

export const withHeader = ({ status, headers, body, stream }: Answer, name: string, value: string): Answer => {
  const all = { ...headers, [name]: value };
  return stream ? { status, headers: all, body, stream } : { status, headers: all, body };
};

export const withHeaders = (answer: Answer, headers: AnswerHeaders): Answer => ({ ...answer, headers: { ...answer.headers, ...headers } });

const encoder = new TextEncoder();

/** For HEAD: the headers that GET would have had, without the body. */
export function respond(answer: Answer, head: boolean): Response {
  const { status, headers, body, stream } = answer;
  if (stream) return new Response(stream, { status, headers });
  if (!head || body === null) return new Response(body, { status, headers });
  return new Response(null, { status, headers: { ...headers, "content-length": String(encoder.encode(body).length) } });
}
