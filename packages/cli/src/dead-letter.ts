// A dead letter as it is shown, told the same way by a running process and by logs at rest, and the word by which one is named.
import type { DeadLetter } from "@atoll/core/journal";
import { CommandError } from "./command-error.ts";

export interface ShownLetter {
  readonly service: string;
  /** Names it among those of its service: SUBSCRIPTION@LOG.TIMELINE/PARTITION:PLACE. */
  readonly letter: string;
  /** `contract/key.command`. */
  readonly to: string;
  /** ISO 8601. */
  readonly since: string;
  readonly code: string;
  readonly reason: string;
  /** What the command says; left out of lists. */
  readonly input?: unknown;
}

export interface LetterListing {
  readonly entries: readonly ShownLetter[];
  /** There are more than are listed. */
  readonly more: boolean;
}

/** More than anybody reads; what bounds an answer. */
export const listedMax = 500;

export function shown(service: string, { stream, place, contract, command, key, since, code, reason, input }: DeadLetter): ShownLetter {
  const to = `${key === "" ? contract : `${contract}/${key}`}.${command}`;
  const letter = `${stream.slice(service.length + 1)}:${place}`;
  const said = input === "" ? {} : { input: JSON.parse(input) as unknown };
  return { service, letter, to, since: new Date(since).toISOString(), code, reason, ...said };
}

/** For a list: without what it says. */
export function listed({ input: _, ...letter }: ShownLetter): ShownLetter {
  return letter;
}

/** Throws a `CommandError` for what names no letter. */
export function placeOf(service: string, letter: string): { readonly stream: string; readonly place: number } {
  const [, stream, place] = /^(.+):(\d+)$/.exec(letter) ?? [];
  if (stream === undefined || !Number.isSafeInteger(Number(place)))
    throw new CommandError(`"${letter}" names no dead letter: write it as \`atoll deadletters list\` does`);
  return { stream: `${service}/${stream}`, place: Number(place) };
}

export const noLetter = (service: string, letter: string): CommandError =>
  new CommandError(`service "${service}" has no dead letter "${letter}"; \`atoll deadletters list\` shows those there are`, {
    elsewhere: true,
  });
