// Everything the edge answers that is not what was asked for, as problem documents (RFC 9457).
//
// A code is stable across versions; there are two kinds. Failures of the system keep the code of their registry
// (docs/errors.md) and get a status here. What only HTTP knows has a code of its own, in the table below. Whoever reads a
// 5xx must know whether it may send the request again: such a document says so in `outcome`. No document tells of what is
// inside; that is in the log.
import { Failure, failures, type FailureCode, type Outcome } from "@atoll/core";
import type { Answer, AnswerHeaders } from "./answer.ts";

interface Entry {
  readonly status: number;
  readonly title: string;
}

/** Problems that the edge finds by itself. */
export const problems = {
  MALFORMED: { status: 400, title: "The request is malformed" },
  REFUSED: { status: 400, title: "The request was refused" },
  UNAUTHENTICATED: { status: 401, title: "The request carries no usable credentials" },
  NOT_FOUND: { status: 404, title: "There is nothing at this path" },
  METHOD_NOT_ALLOWED: { status: 405, title: "The method is not allowed at this path" },
  REQUEST_TIMEOUT: { status: 408, title: "The request did not arrive in time" },
  REJECTED: { status: 409, title: "The request was rejected" },
  POSITION_GONE: { status: 410, title: "The position belongs to another history" },
  BODY_TOO_LARGE: { status: 413, title: "The body is too large" },
  URL_TOO_LONG: { status: 414, title: "The URL is too long" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "The body is not of a supported media type" },
  EXPECTATION_FAILED: { status: 417, title: "The expectation cannot be met" },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: "The Idempotency-Key was used before, with another request" },
  HEADERS_TOO_LARGE: { status: 431, title: "The headers are too large" },
  CLIENT_CLOSED: { status: 499, title: "The client went away before the request was complete" },
  INTERNAL: { status: 500, title: "The gateway failed" },
} as const satisfies { readonly [code: string]: Entry };

export type ProblemCode = keyof typeof problems | FailureCode;

/** 4xx is the client's to mend, 500 ours, 503 certainly had no effect, 504 may have had one. */
export const failureStatus: { readonly [C in FailureCode]: number } = {
  ACCESS_DENIED: 403,
  ADDRESS_TAKEN: 500,
  BREAKER_OPEN: 503,
  CANCELLED: 504,
  COMMAND_ID_REUSED: 422,
  COMMIT_REFUSED: 422,
  DEADLINE: 504,
  DEFECT: 500,
  HANDLER_FAILED: 500,
  INVALID_CONFIG: 500,
  INVALID_DEFINITION: 500,
  INVALID_INPUT: 422,
  INVALID_REPLY: 500,
  JOURNAL_DAMAGED: 500,
  JOURNAL_FAILED: 503,
  JOURNAL_FULL: 503,
  JOURNAL_IN_USE: 500,
  JOURNAL_NEWER: 500,
  LINK_REFUSED: 500,
  LOG_FORKED: 410,
  MESSAGE_TOO_LARGE: 413,
  OVERLOADED: 503,
  PORT_TAKEN: 500,
  QUARANTINED: 503,
  SAGA_FAILED: 500,
  SAGA_NOT_RUNNING: 409,
  SAGA_VERSION_MISSING: 500,
  TOO_OLD: 504,
  UNAVAILABLE: 503,
  UNKNOWN_OUTCOME: 504,
};

/** Seconds that a 503 asks the client to wait. */
const retryAfter: AnswerHeaders = { "retry-after": "1" };
const noHeaders: AnswerHeaders = {};

const advice: { readonly [O in Outcome]: string } = {
  "not-delivered": "The request had no effect.",
  unknown: "It is not known whether the request took effect. Sent again with the same Idempotency-Key it is carried out at most once.",
};

export interface ProblemInit {
  readonly detail: string;
  readonly headers?: AnswerHeaders;
  /** Further members of the document. They cannot replace `type`, `status` and `code`. */
  readonly members?: { readonly [member: string]: unknown };
  readonly cause?: unknown;
}

/** Thrown anywhere below the edge to end the request with this document. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly headers: AnswerHeaders;
  readonly members: { readonly [member: string]: unknown };

  constructor(code: ProblemCode, init: ProblemInit, status = statusOf(code)) {
    super(init.detail, init.cause === undefined ? {} : { cause: init.cause });
    this.code = code;
    this.status = status;
    this.title = titleOf(code);
    this.headers = init.headers ?? noHeaders;
    this.members = init.members ?? {};
  }
}

const isOwn = (code: ProblemCode): code is keyof typeof problems => Object.hasOwn(problems, code);
const statusOf = (code: ProblemCode): number => (isOwn(code) ? problems[code].status : failureStatus[code]);
const titleOf = (code: ProblemCode): string => (isOwn(code) ? problems[code].title : failures[code].title);

/** A stable name for the kind of problem; it is not meant to be fetched. */
export const problemType = (code: ProblemCode): string => `urn:atoll:problem:${code.toLowerCase().replaceAll("_", "-")}`;

/** `pointerAt` says where an issue's pointer points from the request's point of view. */
export function problemOf(error: unknown, pointerAt: (pointer: string) => string = (pointer) => pointer): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof Failure)) {
    return new Problem("INTERNAL", { detail: advice.unknown, members: { outcome: "unknown" }, cause: error });
  }
  const { code, outcome } = error;
  const status = failureStatus[code];
  if (status < 500) {
    const { issues } = error;
    const members = issues.length === 0 ? {} : { errors: issues.map(({ pointer, detail }) => ({ pointer: pointerAt(pointer), detail })) };
    const detail =
      code === "INVALID_INPUT" ? "See `errors`: each names a place in the request and what is wrong there." : failures[code].help;
    return new Problem(code, { detail, members, cause: error });
  }
  return new Problem(code, {
    detail: advice[outcome],
    headers: status === 503 ? retryAfter : noHeaders,
    members: { outcome },
    cause: error,
  });
}

export function problemAnswer(problem: Problem): Answer {
  const { code, status, title, message: detail, headers, members } = problem;
  const body = JSON.stringify({ title, detail, ...members, type: problemType(code), status, code });
  return { status, headers: { "content-type": "application/problem+json", ...headers }, body };
}

/** A rejection of the contract: `members` in the place of `details` where the route says how to show it. */
export function rejectionAnswer(name: string, details: unknown, status: number, members?: { readonly [member: string]: unknown }): Answer {
  const shown = members ?? { details };
  return problemAnswer(
    new Problem("REJECTED", { detail: `The request was rejected: ${name}.`, members: { ...shown, rejection: name } }, status),
  );
}
