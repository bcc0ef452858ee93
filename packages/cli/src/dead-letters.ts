// `atoll deadletters`: what services told and could never deliver. Asks the process that runs the data directory; if none does, reads
// the logs itself.
import { CommandError } from "./command-error.ts";
import { findDataDirectory } from "./data-directory.ts";
import type { ShownLetter } from "./dead-letter.ts";
import { askLetters } from "./dead-letters-running.ts";
import { table } from "./table.ts";

export interface DeadLettersOptions {
  readonly data?: string;
  readonly json?: boolean;
}

const stored = (): Promise<typeof import("./dead-letters-stored.ts")> => import("./dead-letters-stored.ts");

export async function listDeadLetters({ data: given, json = false }: DeadLettersOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const { entries, more } = (await askLetters(data, "GET /deadletters", undefined)) ?? (await (await stored()).listStored(data));
  if (json) print(entries);
  else if (entries.length === 0) process.stdout.write("there are no dead letters\n");
  else process.stdout.write(table(["service", "letter", "to", "since", "code", "reason"], entries.map(columns)));
  if (more) process.stderr.write(`atoll: these are the first ${entries.length}, there are more\n`);
}

export async function showDeadLetter(service: string, letter: string, { data: given, json = false }: DeadLettersOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const named = { service, letter };
  const found = (await askLetters(data, "POST /deadletters/show", named)) ?? (await (await stored()).showStored(data, named));
  if (json) return print(found);
  const { input, ...facts } = found;
  const rows = [...Object.entries(facts), ["input", input === undefined ? "nothing" : JSON.stringify(input)]];
  process.stdout.write(table(undefined, rows));
}

export async function replayDeadLetter(service: string, letter: string, { data: given, json = false }: DeadLettersOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const replayed = await askLetters(data, "POST /deadletters/replay", { service, letter });
  if (!replayed) throw new CommandError(`no process runs ${data}: a dead letter is sent by a running system, start it with \`atoll run\``);
  const answer = replayed.rejected === undefined ? "answered" : `rejected with ${replayed.rejected}`;
  if (json) print(replayed);
  else process.stdout.write(`${replayed.to} was sent once more and ${answer}; the letter is gone\n`);
}

export async function discardDeadLetter(service: string, letter: string, { data: given, json = false }: DeadLettersOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const named = { service, letter };
  const gone = (await askLetters(data, "POST /deadletters/discard", named)) ?? (await (await stored()).discardStored(data, named));
  if (json) print(gone);
  else process.stdout.write(`the letter to ${gone.to} of service ${service} is discarded: it will never be delivered\n`);
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

const columns = ({ service, letter, to, since, code, reason }: ShownLetter): readonly string[] => [
  service,
  letter,
  to,
  since,
  code,
  reason,
];
