// `atoll breakers`: what the process that runs a data directory says of its breakers, and setting one of them. They live in
// its memory: without a process there are none.
import type { BreakerStatus } from "@atoll/core";
import { breakersRunning, setRunning, type BreakerVerb } from "./breakers-running.ts";
import { CommandError } from "./command-error.ts";
import { findDataDirectory } from "./data-directory.ts";
import { table } from "./table.ts";

export interface BreakersOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export async function listBreakers({ data: given, json = false }: BreakersOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const breakers = (await breakersRunning(data)) ?? notRunning(data);
  if (json) process.stdout.write(`${JSON.stringify(breakers, null, 2)}\n`);
  else if (breakers.length === 0) process.stdout.write("there are no breakers: no service lists a contract under `calls`\n");
  else process.stdout.write(table(heading, breakers.map(columns)));
}

export async function setBreaker(
  verb: BreakerVerb,
  service: string,
  contract: string,
  { data: given, json = false }: BreakersOptions,
): Promise<void> {
  const data = await findDataDirectory(given);
  const { changed, breaker } = (await setRunning(data, verb, service, contract)) ?? notRunning(data);
  if (json) process.stdout.write(`${JSON.stringify([breaker], null, 2)}\n`);
  else process.stdout.write(table(undefined, [[sentence(verb, changed, breaker)]]));
}

function notRunning(data: string): never {
  throw new CommandError(`no process runs ${data}: breakers live in a running system; start it with \`atoll run\``);
}

function sentence(verb: BreakerVerb, changed: boolean, { service, contract }: BreakerStatus): string {
  const which = `contract ${contract} for service ${service}`;
  if (verb === "open")
    return `${changed ? "cut off" : "was cut off already:"} ${which}, until \`atoll breakers close ${service} ${contract}\` or the next start`;
  return changed ? `closed ${which}: calls go through again` : `${which} was not cut off`;
}

const heading = ["service", "contract", "state", "since", "failed", "worked", "last failure", "running", "waiting"];

const columns = (breaker: BreakerStatus): readonly string[] => [
  breaker.service,
  breaker.contract,
  breaker.state,
  breaker.since,
  String(breaker.failed),
  String(breaker.worked),
  breaker.lastFailure ?? "-",
  String(breaker.running),
  String(breaker.waiting),
];
