// `atoll run`: brings up the system of a file, says where to look, and takes it down again when asked to.
import { jsonLogger } from "@atoll/core/runtime/node";
import { flushCompileCache } from "node:module";
import { banner } from "./banner.ts";
import { CommandError } from "./command-error.ts";
import { defaultDataDirectory, prepareDataDirectory } from "./data-directory.ts";
import { portFrom } from "./port.ts";
import { settledMs } from "./settled.ts";
import { stopRequested } from "./stop-signals.ts";
import { loadSystem } from "./system-file.ts";

export interface RunOptions {
  /** "process" (default): one for each service, under a supervisor. "shared": one for all. */
  readonly isolation?: string;
  readonly port?: string;
  readonly host?: string;
  readonly data?: string;
}

/** Resolves never: the process ends with 0 once it was asked to stop and has answered what it had accepted. */
export async function run(file: string, { isolation = "process", port: portOption, host, data: dataOption }: RunOptions): Promise<never> {
  const port = portFrom(portOption, process.env["PORT"]);
  if (host === "") throw new CommandError("--host is empty", { exitCode: 2 });
  if (isolation === "process") {
    const { runProcesses } = await import("./supervisor/run-processes.ts");
    await runProcesses(file, { port, host, data: dataOption });
    process.exit(0);
  }
  if (isolation !== "shared") throw new CommandError(`--isolation is process or shared, not "${isolation}"`, { exitCode: 2 });
  const { system, start, threads } = await loadSystem(file);
  const shownData = dataOption ?? defaultDataDirectory(system.name);
  const data = await prepareDataDirectory(shownData);
  const logger = jsonLogger();
  // Before the gateway listens: from then on there may be requests that a signal must not cut off.
  const asked = stopRequested();
  const starting = start(system, { port, data, logger, ...(host === undefined ? {} : { host }), ...(threads ? { threads } : {}) });
  const controlling = Promise.all([import("./control.ts"), import("./shared-process.ts")]); // while the logs are being opened
  const running = await starting;
  process.stdout.on("error", () => {}); // whoever read it has gone: a system does not end because of that
  process.stdout.write(banner(system, running.url, shownData));
  const [{ openControl }, { sharedVerbs }] = await controlling;
  const { promise: told, resolve: stop } = Promise.withResolvers<void>();
  const control = await openControl(data, running, sharedVerbs(running, stop)).catch((error: unknown) => {
    logger.log("warn", "control.unavailable", { error });
    return undefined;
  });
  setTimeout(flushCompileCache, settledMs).unref();

  await Promise.race([asked, told]);
  process.stdout.write("stopping: what was accepted is answered first; once more to stop at once\n");
  await running.stop();
  await control?.[Symbol.asyncDispose]();
  // The system's file may have left timers or sockets open; they are no reason to go on.
  process.exit(0);
}
