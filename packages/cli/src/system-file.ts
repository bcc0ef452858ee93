// Finds the system in a file: the only export that is one.
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, type System } from "@atoll/core";
import { CommandError } from "./report.ts";

/** Throws `CommandError` for a file that is missing, does not load, or exports no system or several; `Failure` for a wrong definition. */
export async function systemIn(file: string): Promise<System> {
  const path = resolve(file);
  if (!existsSync(path)) throw new CommandError(`there is no file ${path}`);
  if (statSync(path).isDirectory()) throw new CommandError(`${path} is a directory; name the file that exports the system`);
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new CommandError(`${path} does not load: ${placeOf(error, path)}`);
  }
  const systems = Object.entries(exported).filter((entry): entry is [string, System] => isSystem(entry[1]));
  const [only, another] = systems;
  if (!only) {
    const names = Object.keys(exported);
    throw new CommandError(`${path} exports no system\nIt exports ${names.length === 0 ? "nothing" : names.join(", ")}; export what system(…) returned.`);
  }
  if (another) throw new CommandError(`${path} exports ${systems.length} systems: ${systems.map(([name]) => name).join(", ")}\nExport one of them from a file of its own.`);
  return only[1];
}

const isSystem = (value: unknown): boolean => typeof value === "object" && value !== null && (value as Partial<System>).kind === "system";

/** The error, and the line of the user's own file where its stack names one; our frames help nobody. */
function placeOf(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? "";
  const own = stack.split("\n").find((line) => line.includes(path) || line.includes(pathToFileURL(path).href));
  return own && !error.message.includes(own.trim()) ? `${error.message}\n${own.trim()}` : error.message;
}
