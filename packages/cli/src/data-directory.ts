// The folder that holds the logs of a system: made and checked before anything is started in it, and found again by the
// commands that look into it.
import { makeDirectory } from "@atoll/core/journal/sqlite";
import { constants } from "node:fs";
import { access, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, systemReason, usageError } from "./command-error.ts";

const home = ".atoll";

export const defaultDataDirectory = (system: string): string => join(home, system);

/** Returns its real path. Fails with a `CommandError` if it cannot be used. */
export async function prepareDataDirectory(directory: string): Promise<string> {
  const stats = await stat(directory).catch(() => undefined);
  if (stats && !stats.isDirectory()) throw new CommandError(`the data directory ${directory} is a file: name a folder with --data`);
  try {
    await makeDirectory(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return await realpath(directory);
  } catch (cause) {
    const reason = systemReason(cause);
    throw new CommandError(
      `the data directory ${directory} cannot be ${stats ? "written to" : "made"}: ${reason}. Choose another one with --data.`,
      {
        cause,
      },
    );
  }
}

/** The existing folder that is meant: `given`, or the only one in .atoll. Fails with a `CommandError`. */
export async function findDataDirectory(given: string | undefined): Promise<string> {
  if (given !== undefined) return existing(given);
  const entries = await readdir(home, { withFileTypes: true }).catch(() => []);
  const found = entries.filter((entry) => entry.isDirectory()).map((entry) => join(home, entry.name));
  const [only, ...more] = found.sort();
  if (only === undefined) throw usageError(`there is no data directory in ${home}: name one with --data`);
  if (more.length > 0) throw usageError(`there are several data directories, name one with --data: ${found.join(", ")}`);
  return existing(only);
}

async function existing(directory: string): Promise<string> {
  try {
    const stats = await stat(directory);
    if (stats.isDirectory()) return await realpath(directory);
  } catch (cause) {
    throw new CommandError(`the data directory ${directory} cannot be read: ${systemReason(cause)}`, { cause });
  }
  throw new CommandError(`${directory} is a file: --data names the folder that was given to \`atoll run\``);
}
