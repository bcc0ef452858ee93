// `atoll run`: starts the system of a file and runs it until a signal comes.
import { resolve } from "node:path";
import { start, type Running } from "@atoll/core";
import { ControlServer } from "./control-server.ts";
import { CommandError } from "./report.ts";
import { systemIn } from "./system-file.ts";

export interface RunOptions {
  readonly port?: string;
  readonly data?: string;
  readonly host?: string;
}

const defaultPort = 8080;
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Resolves with the exit code once the system has stopped. */
export async function run(file: string, options: RunOptions): Promise<number> {
  const port = portOf(options.port ?? process.env["PORT"], options.port === undefined ? "PORT" : "--port");
  const system = await systemIn(file);
  const data = resolve(options.data ?? `.atoll/${system.name}`);
  const stopped = untilSignal();
  const running = await start(system, { data, port, ...(options.host === undefined ? {} : { host: options.host }) });
  const control = await ControlServer.open(data, running);
  process.stdout.write(banner(system.name, running, data));
  const signal = await stopped;
  process.stdout.write(`\n${signal}: answering what was accepted, then stopping (again: stop at once)\n`);
  await control.close();
  await running.stop();
  return 0;
}

/** The first signal stops in order; a second one, at any time, at once. */
function untilSignal(): Promise<string> {
  return new Promise((resolveSignal) => {
    let first = true;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (!first) process.exit(exitCodes[signal]);
        first = false;
        resolveSignal(signal);
      });
    }
  });
}

function portOf(text: string | undefined, where: string): number {
  if (text === undefined || text === "") return defaultPort;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new CommandError(`${where} takes a port, 0 to 65535 (0: any free one), not "${text}"`, 2);
}

function banner(name: string, { url }: Running, data: string): string {
  const lines = [`${name} is running; stop it with Ctrl-C`, ""];
  if (url !== "") {
    lines.push(`  requests   ${url}`, `  reference  ${url}/docs`, `  OpenAPI    ${url}/openapi.json`, `  health     ${url}/health`, `  metrics    ${url}/metrics`);
  }
  lines.push(`  data       ${data}`, "");
  return `${lines.join("\n")}\n`;
}
