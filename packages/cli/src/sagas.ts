// `atoll sagas` and `atoll apologies`: what sagas of a running system are doing, and what an operator does about it.
import type { OpenApology, SagaPhase, SagaStory, SagaSummary } from "@atoll/core";
import { CommandError } from "./command-error.ts";
import { findDataDirectory } from "./data-directory.ts";
import { askSagas } from "./sagas-control.ts";
import { table } from "./table.ts";

export interface SagasOptions {
  readonly data?: string;
  readonly json?: boolean;
  readonly state?: string;
  readonly why?: string;
  readonly note?: string;
}

const phases: readonly SagaPhase[] = ["running", "suspended", "undoing", "parked", "apologising"];

export async function listSagas({ data: given, json = false, state }: SagasOptions): Promise<void> {
  if (state !== undefined && !(phases as readonly string[]).includes(state))
    throw new CommandError(`"${state}" is no state of a saga: those are ${phases.join(", ")}`, { exitCode: 2 });
  const { entries, more } = await askSagas(
    await findDataDirectory(given),
    "POST /sagas/list",
    state === undefined ? {} : { state: state as SagaPhase },
  );
  if (json) print(entries);
  else if (entries.length === 0) process.stdout.write(state === undefined ? "no saga is under way\n" : `no saga is ${state}\n`);
  else process.stdout.write(table(["service", "saga", "key", "state", "changed", "detail"], entries.map(columns)));
  if (more) process.stderr.write(`atoll: these are the first ${entries.length}, there are more\n`);
}

export async function showSaga(service: string, key: string, { data: given, json = false }: SagasOptions): Promise<void> {
  const story = await askSagas(await findDataDirectory(given), "POST /sagas/show", { service, key });
  if (json) print(story);
  else process.stdout.write(storyText(story));
}

export async function retrySaga(service: string, key: string, { data: given, json = false }: SagasOptions): Promise<void> {
  const done = await askSagas(await findDataDirectory(given), "POST /sagas/retry", { service, key });
  if (json) print(done);
  else process.stdout.write(`saga ${key} of service ${service} goes on where it stood\n`);
}

export async function abandonSaga(service: string, key: string, { data: given, json = false, why = "" }: SagasOptions): Promise<void> {
  const done = await askSagas(await findDataDirectory(given), "POST /sagas/abandon", { service, key, why });
  if (json) print(done);
  else
    process.stdout.write(
      `saga ${key} of service ${service} is abandoned: what it did is being undone; \`atoll apologies\` shows what cannot be\n`,
    );
}

export async function listApologies({ data: given, json = false }: SagasOptions): Promise<void> {
  const apologies = await askSagas(await findDataDirectory(given), "GET /apologies", undefined);
  if (json) print(apologies);
  else if (apologies.length === 0) process.stdout.write("nobody is owed an apology\n");
  else process.stdout.write(table(["service", "saga", "key", "step", "owner", "due", "reason"], apologies.map(apologyColumns)));
}

export async function resolveApology(
  service: string,
  key: string,
  step: string,
  { data: given, json = false, note = "" }: SagasOptions,
): Promise<void> {
  const done = await askSagas(await findDataDirectory(given), "POST /apologies/resolve", { service, key, step, note });
  if (json) print(done);
  else process.stdout.write(`the apology for step ${step} of saga ${key}, service ${service}, is resolved\n`);
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

const columns = ({ service, saga, key, state, changed, detail }: SagaSummary): readonly string[] => [
  service,
  saga,
  key,
  state,
  changed,
  detail,
];

const apologyColumns = ({ service, saga, key, step, owner, due, overdue, reason }: OpenApology): readonly string[] => [
  service,
  saga,
  key,
  step,
  owner,
  overdue ? `${due} (late)` : due,
  reason,
];

function storyText({
  service,
  saga,
  key,
  version,
  state,
  detail,
  started,
  caller,
  input,
  entries,
  cause,
  undone,
  apologies,
}: SagaStory): string {
  const rows = entries.map(({ kind, at, ...data }) => [
    new Date(at).toISOString(),
    kind,
    Object.keys(data).length === 0 ? "" : JSON.stringify(data),
  ]);
  const facts = [
    ["saga", `${saga}/${key} of service ${service}, by version ${version}`],
    ["state", `${state}: ${detail}`],
    ["started", `${started}, by ${caller}`],
    ["input", input === undefined ? "nothing" : JSON.stringify(input)],
    ...(cause ? [["turned", JSON.stringify(cause)]] : []),
    ...(undone.length > 0 ? [["undone", undone.join(", ")]] : []),
    ...apologies.map(({ step, n, owner, why, resolved }) => [
      "apology",
      `${step}/${n}, owed by ${owner}: ${resolved ? `resolved, ${resolved.note}` : why}`,
    ]),
  ];
  return table(undefined, facts) + (rows.length === 0 ? "" : `\n${table(undefined, rows)}`);
}
