// Dead letters of a system at rest, read from its logs. One cannot be sent from there: that takes the system.
import type { DeadLetter, Journal } from "@atoll/core/journal";
import { offsetOf } from "@atoll/core/subscription";
import { CommandError } from "./command-error.ts";
import { listed, listedMax, noLetter, placeOf, shown, type LetterListing, type ShownLetter } from "./dead-letter.ts";
import type { Named } from "./dead-letters-running.ts";
import { servicesIn, withJournal } from "./stored-logs.ts";

/** Fails with a `Failure` (JOURNAL_*) if a log cannot be opened, with a `CommandError` if there is none. */
export async function listStored(data: string): Promise<LetterListing> {
  const entries: ShownLetter[] = [];
  for (const service of await servicesIn(data)) {
    const wanted = listedMax + 1 - entries.length;
    if (wanted <= 0) break;
    const letters = await withJournal(data, service, (journal) => journal.deadLetters(undefined, wanted));
    entries.push(...letters.map((letter) => listed(shown(service, letter))));
  }
  return { entries: entries.slice(0, listedMax), more: entries.length > listedMax };
}

export const showStored = (data: string, named: Named): Promise<ShownLetter> =>
  withLetter(data, named, (_, letter) => Promise.resolve(shown(named.service, letter)));

/** What was discarded. */
export const discardStored = (data: string, named: Named): Promise<ShownLetter> =>
  withLetter(data, named, async (journal, letter) => {
    const { stream, place } = letter;
    const cursor = (await journal.cursors()).find((stored) => stored.stream === stream)?.offset ?? 0;
    // What is above the cursor is told again at the next start, and only the letter says that it must not be.
    if (cursor <= offsetOf(place))
      throw new CommandError("its stream has not passed it yet: something before it is still being told. Discard it while the system runs");
    await journal.discard(stream, place);
    return shown(named.service, letter);
  });

async function withLetter<T>(
  data: string,
  { service, letter }: Named,
  work: (journal: Journal, letter: DeadLetter) => Promise<T>,
): Promise<T> {
  const services = await servicesIn(data);
  if (!services.includes(service))
    throw new CommandError(`there is no service "${service}" with a log here; there are: ${services.join(", ")}`);
  const { stream, place } = placeOf(service, letter);
  return withJournal(data, service, async (journal) => {
    const [found] = await journal.deadLetters({ stream, place: place - 1 }, 1);
    if (found?.stream !== stream || found.place !== place) throw noLetter(service, letter);
    return work(journal, found);
  });
}
