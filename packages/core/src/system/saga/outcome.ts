// The outcome of a saga as the answer to a message that asked for it.
import { Failure } from "../../base/failure.ts";
import { addressOf, type Message, type Session } from "../../mailbox/index.ts";
import type { Outcome } from "../../saga/index.ts";

/** `seen`: what the answer adds to the session of its caller. */
export function answerWith(message: Message, outcome: Outcome, seen: Session): void {
  const { checks } = message.to;
  message.session?.merge(seen);
  try {
    if (outcome.kind === "reply")
      message.answer({ kind: "reply", given: outcome.reply, value: checks.reply(outcome.reply), replayed: false });
    else if (outcome.kind === "rejection")
      message.answer({
        kind: "rejection",
        name: outcome.name,
        given: outcome.details,
        details: checks.rejection(outcome.name, outcome.details),
        replayed: false,
      });
    else message.fail(new Failure("SAGA_FAILED", { what: outcome.what, at: addressOf(message.to, message.key) }));
  } catch (error) {
    message.fail(error as Failure); // its contract has changed since it was stored
  }
}
