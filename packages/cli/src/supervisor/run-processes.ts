// `atoll run`: a supervisor in this process, the system in its children.
import { jsonLogger, nodeRuntime } from "@atoll/core/runtime/node";
import { resolve as absolute } from "node:path";
import { banner } from "../banner.ts";
import { ControlServer } from "../control-server.ts";
import { defaultDataDirectory, prepareDataDirectory } from "../data-directory.ts";
import { stopRequested } from "../stop-signals.ts";
import { loadSystem } from "../system-file.ts";
import { askedNodes } from "./asked-nodes.ts";
import { mergedVerbs } from "./merged-verbs.ts";
import { processVerbs } from "./process-verbs.ts";
import { Supervisor } from "./supervisor.ts";

export interface RunProcessesOptions {
  readonly port: number;
  readonly host: string | undefined;
  readonly data: string | undefined;
}

/** Resolves when it was asked to stop and everything has ended. */
export async function runProcesses(file: string, { port, host, data: dataOption }: RunProcessesOptions): Promise<void> {
  const { system } = await loadSystem(file, 0);
  const shownData = dataOption ?? defaultDataDirectory(system.name);
  const data = await prepareDataDirectory(shownData);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // whoever read it has gone
  const write = (line: string): void => void process.stderr.write(`${line}\n`);
  const asked = stopRequested();
  const supervisor = await Supervisor.open({ system, file: absolute(file), data, port, host, write });
  const { promise: told, resolve: stop } = Promise.withResolvers<void>();
  const verbs = { ...mergedVerbs(askedNodes(supervisor)), ...processVerbs(supervisor, stop) };
  // Before anything runs: who waits for a service wants to know how it stands.
  const control = await ControlServer.open(data, verbs).catch((error: unknown) => {
    jsonLogger({ write }).log("warn", "control.unavailable", { error });
    return undefined;
  });
  const alive = nodeRuntime({ logger: jsonLogger({ write }) }).hold(); // also where there is no child
  try {
    const url = await supervisor.start();
    process.stdout.write(banner(system, url, shownData));
    await Promise.race([asked, told]);
    process.stdout.write("stopping: what was accepted is answered first; once more to stop at once\n");
    const { stopGraceMs } = await import("@atoll/core/system"); // what runs systems is of no use to a supervisor before
    await supervisor.stop(stopGraceMs);
  } finally {
    alive[Symbol.dispose]();
    await control?.[Symbol.asyncDispose]();
  }
}
