// Which port `atoll run` listens on.
import { usageError } from "./command-error.ts";

const portDefault = 8_080;

/** --port, else PORT of the environment, else 8080. An empty PORT is none. Fails with a `CommandError`. */
export function portFrom(option: string | undefined, environment: string | undefined): number {
  if (option !== undefined) return parsed(option, "--port");
  return environment === undefined || environment === "" ? portDefault : parsed(environment, "PORT of the environment");
}

function parsed(text: string, source: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw usageError(`${source} is a whole number from 0 (any free port) to 65535, not "${text}"`);
}
