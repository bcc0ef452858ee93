// The grammar of the command line. What a verb does is in a file of its own, loaded when it is called, so that `run` does
// not wait for what the others need.
import { Command, type OutputConfiguration } from "commander";
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import type { BreakersOptions } from "./breakers.ts";
import { report } from "./report.ts";
import type { RunOptions } from "./run.ts";
import type { QuarantineOptions } from "./quarantine.ts";

/** Carries out one command line. Resolves with the exit code: 0 done, 1 could not be done, 2 wrong command line. */
export async function main(args: readonly string[]): Promise<number> {
  const program = grammar();
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    const { exitCode, text } = report(error, program.opts<{ readonly debug?: boolean }>().debug ?? false);
    process.stderr.write(text);
    return exitCode;
  }
}

const output: OutputConfiguration = {
  outputError: (text, write) => write(text.replace(/^error: /, "atoll: ")),
};

function grammar(): Command {
  const program = new Command("atoll")
    .description("Runs a system of reactive microservices, shows and mends what it holds.")
    .version(version())
    .helpCommand(false)
    .option("--debug", "with a failure, print where it came from")
    .configureOutput(output)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(see --help)")
    .showSuggestionAfterError()
    .exitOverride();

  program
    .command("run")
    .description("run the system that FILE exports, until SIGTERM or SIGINT; what was accepted is answered first")
    .argument("<FILE>", "a .ts or .js file that exports one system")
    .option("--port <N>", "where the gateway listens; 0 takes a free port (default: PORT of the environment, or 8080)")
    .option("--host <ADDRESS>", "the address it listens on (default: 127.0.0.1, which only this machine reaches)")
    .option("--data <DIR>", "where the logs are kept (default: .atoll/NAME of the system)")
    .action(async (file: string, options: RunOptions) => {
      const { run } = await import("./run.ts");
      await run(file, options);
    });

  const quarantine = program
    .command("quarantine")
    .helpCommand(false)
    .description("entities that were taken out of service because they kept failing")
    .option("--data <DIR>", "the folder that was given to `atoll run` (default: the only one in .atoll)")
    .option("--json", "print JSON: an array of {service, entity, key, since, reason, offset?}");
  quarantine
    .command("list", { isDefault: true })
    .description("print them, and why")
    .allowExcessArguments() // as the default it gets every word that is no verb
    .action(async (_, command: Command) => {
      if (command.args.length > 0) command.error(`error: unknown command 'quarantine ${command.args[0]}'`);
      const { listQuarantined } = await import("./quarantine.ts");
      await listQuarantined(command.optsWithGlobals<QuarantineOptions>());
    });
  quarantine
    .command("release")
    .description("give one another chance: the next message brings it back from its log")
    .argument("<SERVICE>")
    .argument("<KEY>", "its key, or CONTRACT/KEY where two contracts of the service share it")
    .action(async (service: string, key: string, _, command: Command) => {
      const { releaseQuarantined } = await import("./quarantine.ts");
      await releaseQuarantined(service, key, command.optsWithGlobals<QuarantineOptions>());
    });

  const breakers = program
    .command("breakers")
    .helpCommand(false)
    .description("how the services of a running system call each other: what is cut off, and why")
    .option("--data <DIR>", "the folder that was given to `atoll run` (default: the only one in .atoll)")
    .option(
      "--json",
      "print JSON: an array of {service, contract, state, since, failed, worked, lastFailure?, running, waiting, retries?}",
    );
  breakers
    .command("list", { isDefault: true })
    .description("print the breaker of every contract that a service lists under `calls`")
    .allowExcessArguments() // as the default it gets every word that is no verb
    .action(async (_, command: Command) => {
      if (command.args.length > 0) command.error(`error: unknown command 'breakers ${command.args[0]}'`);
      const { listBreakers } = await import("./breakers.ts");
      await listBreakers(command.optsWithGlobals<BreakersOptions>());
    });
  for (const [verb, description] of [
    ["open", "cut a contract off for one service, until `close` or the next start"],
    ["close", "let calls through again; from then on the breaker is automatic, with nothing counted"],
  ] as const) {
    breakers
      .command(verb)
      .description(description)
      .argument("<SERVICE>", "the service that calls")
      .argument("<CONTRACT>", "the contract that it calls")
      .action(async (service: string, contract: string, _, command: Command) => {
        const { setBreaker } = await import("./breakers.ts");
        await setBreaker(verb, service, contract, command.optsWithGlobals<BreakersOptions>());
      });
  }
  return program;
}

function version(): string {
  const manifest = findPackageJSON(import.meta.url);
  return manifest === undefined ? "unknown" : (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version;
}
