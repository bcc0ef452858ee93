// Running a schema: the one place where values meet validators. A check takes anything and returns a frozen copy of the
// schema's output form, or throws a `Failure` that names each finding by a pointer. Checks are compiled once, when a
// definition is made, and run on every message, so the good path here is short.
import { Failure, type FailureCode, type Issue } from "../base/failure.ts";
import { frozenCopy, NotJson } from "./frozen-copy.ts";
import type { Json } from "./json.ts";
import { originOf, type Origin } from "./origin.ts";
import { pointer } from "./pointer.ts";
import type { Schema } from "./schema.ts";

/** Findings that are reported of one value; a list of a million wrong entries must not become as long an answer. */
export const issuesMax = 50;
/** UTF-16 units of one finding: libraries quote values in theirs. */
const detailLengthMax = 300;
/** Findings quoted in a failure's message; the others are in its `issues`. */
const quotedMax = 3;

export type Check = (value: unknown) => Json;

type Result = Awaited<ReturnType<Schema["~standard"]["validate"]>>;

/**
 * A schema for what the platform itself has made, and read back from its own records: its check takes the value as it is. It must
 * be frozen JSON that nobody else holds, or a state, which nobody changes.
 */
export function ownSchema(): Schema {
  const schema: Schema = { "~standard": { version: 1, vendor: "atoll", validate: (value) => ({ value: value as Json }) } };
  ownSchemas.add(schema);
  return schema;
}

const ownSchemas = new WeakSet<Schema>();
const asItIs: Check = (value) => value as Json;

/**
 * Compiles `schema`. The check throws `code` at `at` for what does not fit. A schema that answers with a promise or throws
 * cannot be used: INVALID_DEFINITION before anything happened (`code` INVALID_INPUT), else `code` itself, because by the
 * time of a reply "not delivered" would be a lie.
 */
export function checkOf(schema: Schema, at: string, code: FailureCode = "INVALID_INPUT"): Check {
  if (ownSchemas.has(schema)) return asItIs;
  const standard = schema["~standard"];
  let origin: Origin | undefined;
  return (value) => {
    let result: ReturnType<typeof standard.validate>;
    try {
      result = standard.validate(value);
    } catch (cause) {
      throw unusable(code, at, value, cause);
    }
    if (isPromise(result)) {
      result.then(undefined, () => undefined); // its outcome is of no interest, but must not end the process as unhandled
      throw unusable(code, at, value, undefined);
    }
    if (result.issues) throw invalid(code, at, findings(result.issues));
    try {
      return frozenCopy(result.value, (origin ??= originOf(schema)));
    } catch (cause) {
      throw cause instanceof NotJson ? invalid(code, at, [cause.issue]) : unusable(code, at, undefined, cause);
    }
  };
}

/** The check of an operation that has no schema in this place: nothing is the only value that fits. */
export function nothingAt(at: string, code: FailureCode = "INVALID_INPUT"): Check {
  return (value) => {
    if (value === undefined) return undefined;
    throw invalid(code, at, [{ pointer: "", detail: "expected nothing: the contract declares no schema here" }]);
  };
}

export function invalid(code: FailureCode, at: string, issues: readonly Issue[]): Failure {
  const quoted = issues.slice(0, quotedMax).map((issue) => (issue.pointer === "" ? issue.detail : `${issue.pointer}: ${issue.detail}`));
  const more = issues.length > quotedMax ? `; and ${issues.length - quotedMax} more` : "";
  return new Failure(code, { what: quoted.join("; ") + more, at, issues });
}

function findings(issues: Extract<Result, { readonly issues: readonly unknown[] }>["issues"]): readonly Issue[] {
  const found = issues.slice(0, issuesMax).map((issue) => ({
    pointer: pointer(issue.path ?? []),
    detail: issue.message.length > detailLengthMax ? `${issue.message.slice(0, detailLengthMax)}…` : issue.message,
  }));
  if (issues.length > issuesMax) found.push({ pointer: "", detail: `${issues.length - issuesMax} more findings are left out` });
  return found;
}

const isPromise = (result: unknown): result is Promise<unknown> =>
  typeof result === "object" && result !== null && typeof (result as Partial<Promise<unknown>>).then === "function";

/**
 * A schema failed to answer. Often the value is to blame: one nested deep enough, or in a circle, overflows the stack of a
 * recursive schema, which libraries report as a promise. Such a value is not JSON within our bounds, and is refused as such.
 */
function unusable(code: FailureCode, at: string, value: unknown, cause: unknown): Failure {
  try {
    frozenCopy(value);
  } catch (why) {
    if (why instanceof NotJson) return invalid(code, at, [why.issue]);
  }
  const what =
    cause === undefined
      ? "its schema answered with a promise: schemas must validate synchronously"
      : "its schema threw instead of answering";
  return new Failure(code === "INVALID_INPUT" ? "INVALID_DEFINITION" : code, { what, at, ...(cause === undefined ? {} : { cause }) });
}
