// `atoll logs`: the newest lines of the nodes, as the supervisor has kept them, and the new ones as they come.
import { usageError } from "./command-error.ts";
import { followRunning } from "./control-client.ts";
import { findDataDirectory } from "./data-directory.ts";
import { notRunning } from "./processes.ts";

export interface LogsOptions {
  readonly data?: string;
  readonly lines?: string;
  readonly follow?: boolean;
}

/** For lines that are there already. */
const answerWithinMs = 10_000;

export async function printLogs(
  service: string | undefined,
  { data: given, lines: linesGiven = "", follow = false }: LogsOptions,
): Promise<void> {
  if (!/^\d{1,9}$/.test(linesGiven)) throw usageError(`--lines is a whole number, not "${linesGiven}"`);
  const data = await findDataDirectory(given);
  const over = new AbortController();
  process.once("SIGINT", () => over.abort());
  const signal = follow ? over.signal : AbortSignal.any([over.signal, AbortSignal.timeout(answerWithinMs)]);
  const input = { lines: Number(linesGiven), follow, ...(service === undefined ? {} : { service }) };
  if (!(await followRunning(data, "POST /logs", input, (text) => process.stdout.write(text), signal))) throw notRunning(data);
}
