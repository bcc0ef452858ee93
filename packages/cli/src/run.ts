// `atoll run`: brings up the system of a file, says where to look, and takes it down again when asked to.
import type { Running, System } from "@atoll/core";
import { jsonLogger } from "@atoll/core/runtime/node";
import { flushCompileCache } from "node:module";
import { CommandError } from "./command-error.ts";
import { defaultDataDirectory, prepareDataDirectory } from "./data-directory.ts";
import { portFrom } from "./port.ts";
import { stopRequested } from "./stop-signals.ts";
import { loadSystem } from "./system-file.ts";

export interface RunOptions {
  readonly port?: string;
  readonly host?: string;
  readonly data?: string;
}

/** When the process has nothing to do with its start any more (ms): time to write down what the next start can reuse. */
const settledMs = 2_000;

/** Resolves never: the process ends with 0 once it was asked to stop and has answered what it had accepted. */
export async function run(file: string, { port: portOption, host, data: dataOption }: RunOptions): Promise<never> {
  const port = portFrom(portOption, process.env["PORT"]);
  if (host === "") throw new CommandError("--host is empty", { exitCode: 2 });
  const { system, start, threads } = await loadSystem(file);
  const shownData = dataOption ?? defaultDataDirectory(system.name);
  const data = await prepareDataDirectory(shownData);
  const logger = jsonLogger();
  // Before the gateway listens: from then on there may be requests that a signal must not cut off.
  const asked = stopRequested();
  const starting = start(system, { port, data, logger, ...(host === undefined ? {} : { host }), ...(threads ? { threads } : {}) });
  const controlling = import("./control.ts"); // while the logs are being opened
  const running = await starting;
  process.stdout.on("error", () => {}); // whoever read it has gone: a system does not end because of that
  process.stdout.write(banner(system, running, shownData));
  const { openControl } = await controlling;
  const control = await openControl(data, running).catch((error: unknown) => {
    logger.log("warn", "control.unavailable", { error });
    return undefined;
  });
  setTimeout(flushCompileCache, settledMs).unref();

  await asked;
  process.stdout.write("stopping: what was accepted is answered first; once more to stop at once\n");
  await running.stop();
  await control?.[Symbol.asyncDispose]();
  // The system's file may have left timers or sockets open; they are no reason to go on.
  process.exit(0);
}

function banner({ name, services }: System, { url }: Running, data: string): string {
  const lines = [`${name} is running: ${services.map((service) => service.name).join(", ") || "nothing"}`, ""];
  if (url === "") lines.push("  gateway   none: nobody can reach it over HTTP");
  else
    lines.push(
      `  open      ${url}`,
      `  docs      ${url}/docs`,
      `  openapi   ${url}/openapi.json`,
      `  health    ${url}/health`,
      `  metrics   ${url}/metrics`,
    );
  lines.push(`  data      ${data}`, `  stop      Ctrl-C, or kill ${process.pid}`, "");
  return `${lines.join("\n")}\n`;
}
