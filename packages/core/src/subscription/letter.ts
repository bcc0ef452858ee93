// Dead letters: what could not be delivered and never will be by itself, kept in the journal of the service that told it.
import type { Failure } from "../base/failure.ts";
import type { DeadLetter } from "../journal/index.ts";

/** What a dead letter is of: a told command; or a message, its topic and the key of who published it, if it could not be reacted to. */
export interface Subject {
  readonly contract: string;
  /** Or the topic. */
  readonly command: string;
  readonly key: string;
  readonly input: unknown;
}

/** For people, and to tell whether a place still holds the same. */
export const subjectText = ({ contract, command, key }: Omit<Subject, "input">): string =>
  key === "" ? `${contract}.${command}` : `${contract}/${key}.${command}`;

/** Repeating it cannot help; or only once somebody has released its target, for which the stream does not wait. */
export const mustPark = ({ code, retry }: Failure): boolean => retry === "never" || code === "QUARANTINED";

/** Said by the entity itself, which knows what it was told. */
const certain: ReadonlySet<string> = new Set(["QUARANTINED", "COMMIT_REFUSED"]);

/** `doubted`: an earlier try had no answer, or came before a crash. */
export function letterOf(
  { stream, place, since }: Pick<DeadLetter, "stream" | "place" | "since">,
  { input, ...named }: Subject,
  { code, message, outcome }: Failure,
  doubted: boolean,
): DeadLetter {
  const open = doubted && outcome !== "unknown" && !certain.has(code);
  const reason = open ? `${message} An earlier try may have taken effect.` : message;
  return { stream, place, since, ...named, input: JSON.stringify(input) ?? "", code, reason };
}
