// Dead letters of a running system: the verbs that its process offers on the control socket, and the commands' side of them.
import { Failure, type Running } from "@atoll/core";
import { CommandError } from "./command-error.ts";
import { askRunning } from "./control-client.ts";
import type { Verb, Verbs } from "./control-server.ts";
import { listed, listedMax, noLetter, placeOf, shown, type LetterListing, type ShownLetter } from "./dead-letter.ts";

/** What each verb takes and gives. */
interface LetterVerbs {
  readonly "GET /deadletters": readonly [input: undefined, output: LetterListing];
  readonly "POST /deadletters/show": readonly [input: Named, output: ShownLetter];
  readonly "POST /deadletters/replay": readonly [input: Named, output: Replayed];
  readonly "POST /deadletters/discard": readonly [input: Named, output: ShownLetter];
}

export interface Named {
  readonly service: string;
  readonly letter: string;
}

/** `rejected`: the rejection that was the answer. */
export interface Replayed extends ShownLetter {
  readonly rejected?: string;
}

type Letters = NonNullable<ReturnType<Running["deadLetters"]>>;

export function deadLetterVerbs(running: Pick<Running, "health" | "deadLetters">): Verbs {
  const services = (): readonly string[] => running.health().map(({ name }) => name);
  /** Finds the letter that is named, and does something with it. */
  const verb =
    (act: (letters: Letters, at: ReturnType<typeof placeOf>, letter: ShownLetter) => Promise<unknown>): Verb =>
    async (input) => {
      const { service, letter } = (input ?? {}) as { readonly service?: unknown; readonly letter?: unknown };
      if (typeof service !== "string" || typeof letter !== "string") throw new CommandError("a service and a dead letter are named");
      if (!services().includes(service))
        throw new CommandError(`there is no service "${service}" here; there are: ${services().join(", ")}`);
      const at = placeOf(service, letter);
      const letters = running.deadLetters(service);
      const [found] = (await letters?.list({ stream: at.stream, place: at.place - 1 }, 1)) ?? [];
      if (!letters || found?.stream !== at.stream || found.place !== at.place) throw noLetter(service, letter);
      try {
        return await act(letters, at, shown(service, found));
      } catch (error) {
        throw error instanceof Failure ? new CommandError(error.message, { cause: error }) : error;
      }
    };
  return {
    "GET /deadletters": async (): Promise<LetterListing> => {
      const entries: ShownLetter[] = [];
      for (const service of services()) {
        const wanted = listedMax + 1 - entries.length;
        if (wanted <= 0) break;
        const letters = (await running.deadLetters(service)?.list(undefined, wanted)) ?? [];
        entries.push(...letters.map((letter) => listed(shown(service, letter))));
      }
      return { entries: entries.slice(0, listedMax), more: entries.length > listedMax };
    },
    "POST /deadletters/show": verb((_, __, letter) => Promise.resolve(letter)),
    "POST /deadletters/replay": verb(async (letters, { stream, place }, letter): Promise<Replayed> => {
      const sent = await letters.retry(stream, place);
      if (!sent) throw noLetter(letter.service, letter.letter);
      return sent.kind === "rejected" ? { ...letter, rejected: sent.name } : letter;
    }),
    "POST /deadletters/discard": verb(async (letters, { stream, place }, letter) => {
      if (!(await letters.discard(stream, place))) throw noLetter(letter.service, letter.letter);
      return letter;
    }),
  };
}

/** Undefined if no process runs the data directory. Rejects with a `CommandError` if it refuses. */
export async function askLetters<V extends keyof LetterVerbs>(
  data: string,
  verb: V,
  input: LetterVerbs[V][0],
): Promise<LetterVerbs[V][1] | undefined> {
  const asked = await askRunning(data, verb, input);
  return asked.kind === "answered" ? (asked.value as LetterVerbs[V][1]) : undefined;
}
