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

export function letterOf(stream: string, place: number, { input, ...named }: Subject, failure: Failure, since: number): DeadLetter {
  return { stream, place, since, ...named, input: JSON.stringify(input) ?? "", code: failure.code, reason: failure.message };
}
