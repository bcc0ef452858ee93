// The gateway's own durable entity, one per Idempotency-Key and path: what was asked under the key, and how it ended.
//
// `begin` is on disk before the operation is called, so that every attempt, also one after a crash, calls it under the same
// command id; `finish` is on disk before the answer leaves (once.ts says why). A key means something for 24 hours; what it
// was used for then is forgotten at its next use. Its records stay in the log of the service "gateway".
import { contract } from "@atoll/core/contract";
import { entity } from "@atoll/core/entity";
import type { Fingerprint } from "./fingerprint.ts";
import { Problem } from "./problem.ts";
import { empty, isText, isTextOrNull, isTime, schemaOf, textKey } from "./stored-form.ts";

/** How long a key is kept, in milliseconds of the wall clock. */
const keptMs = 24 * 60 * 60 * 1000;

/** An answer as it is kept: what makes it the same answer when it is given again. */
export type KeptAnswer = {
  readonly status: number;
  /** Content-Type, or null without a body. */
  readonly type: string | null;
  readonly body: string | null;
};

type KeyState =
  | { readonly stage: "free" }
  | { readonly stage: "begun"; readonly request: string; readonly at: number }
  | { readonly stage: "finished"; readonly request: string; readonly at: number; readonly answer: KeptAnswer };

type Begun = { readonly request: string; readonly at: number };
type Finished = { readonly at: number; readonly answer: KeptAnswer };
/** `fresh`: nobody has called the operation under this beginning before. */
type Beginning = { readonly at: number; readonly fresh: boolean; readonly answer?: KeptAnswer };

const isAnswer = (value: unknown): boolean => {
  const { status, type, body } = (value ?? {}) as { readonly [member: string]: unknown };
  return Number.isInteger(status) && isTextOrNull(type) && isTextOrNull(body);
};

const Request = schemaOf<{ readonly [M in keyof Fingerprint]: string }>(
  "{request, before}",
  (v) => isText(v["request"]) && isText(v["before"]),
);
const BegunEvent = schemaOf<Begun>("{request, at}", (v) => isText(v["request"]) && isTime(v["at"]));
const FinishedEvent = schemaOf<Finished>("{at, answer}", (v) => isTime(v["at"]) && isAnswer(v["answer"]));
const BeginningReply = schemaOf<Beginning>("{at, fresh, answer?}", (v) => isTime(v["at"]) && typeof v["fresh"] === "boolean");
const AnswerReply = schemaOf<{ readonly answer: KeptAnswer }>("{answer}", (v) => isAnswer(v["answer"]));
const State = schemaOf<KeyState>("a stage", (v) => isText(v["stage"]));
/** Addressed by the digest of client, method, path and key. Only the gateway may call it. */
export const HttpKey = contract("http-key", {
  version: 1,
  key: textKey,
  commands: {
    /** The fingerprint of what was sent (fingerprint.ts). Rejected if the key stands for another. */
    begin: { in: Request, out: BeginningReply, rejects: { Reused: empty } },
    /** Keeps the answer of the beginning `at`; the reply is the answer that holds, which is the first one. */
    finish: { in: FinishedEvent, out: AnswerReply },
  },
});

export const httpKey = entity(HttpKey, {
  state: State,
  initial: { stage: "free" },
  events: { Begun: BegunEvent, Finished: FinishedEvent },
  decide: {
    begin: (state, { request, before }, turn) => {
      if (state.stage === "free" || turn.now - state.at >= keptMs) {
        return turn.emit("Begun", { request, at: turn.now }).reply({ at: turn.now, fresh: true });
      }
      if (state.request !== request && state.request !== before) return turn.reject("Reused", {});
      return turn.reply({ at: state.at, fresh: false, ...(state.stage === "finished" ? { answer: state.answer } : {}) });
    },
    finish: (state, { at, answer }, turn) => {
      if (state.stage === "begun" && state.at === at) return turn.emit("Finished", { at, answer }).reply({ answer });
      return turn.reply({ answer: state.stage === "finished" && state.at === at ? state.answer : answer });
    },
  },
  evolve: {
    Begun: (_, { request, at }) => ({ stage: "begun", request, at }),
    Finished: (state, { at, answer }) => (state.stage === "begun" ? { stage: "finished", request: state.request, at, answer } : state),
  },
});

/**
 * The key that a header holds: a structured-field string (RFC 8941, as the IETF draft has it), or the bare text that most clients
 * send, 1 to 255 visible ASCII characters. Throws a `Problem` MALFORMED for anything else.
 */
export function idempotencyKeyOf(header: string): string {
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(header)?.[1];
  const key = quoted === undefined ? header : quoted.replaceAll(/\\(["\\])/g, "$1");
  const fits = quoted === undefined ? /^[\x21\x23-\x7e][\x21-\x7e]*$/.test(key) : key.trim() !== "";
  if (fits && key.length <= 255) return key;
  throw new Problem("MALFORMED", {
    detail: "An Idempotency-Key is a string of 1 to 255 visible ASCII characters, with or without double quotes.",
  });
}
