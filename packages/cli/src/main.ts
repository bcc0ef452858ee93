// The grammar of the command line. What a verb does is in a file of its own, loaded when it is called, so that `run` does
// not wait for what the others need.
import { Command, type OutputConfiguration } from "commander";
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { report } from "./report.ts";
import type { RunOptions } from "./run.ts";
import type { QuarantineOptions } from "./quarantine.ts";
import type { SagasOptions } from "./sagas.ts";

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
  addSagas(program);
  addApologies(program);
  return program;
}

function addSagas(program: Command): void {
  const sagas = program
    .command("sagas")
    .helpCommand(false)
    .description("sagas of the running system that have not ended, and what can be done about them")
    .option("--data <DIR>", "the folder that was given to `atoll run` (default: the only one in .atoll)")
    .option(
      "--json",
      "print JSON: list an array of {service, saga, key, state, version, started, changed, detail}, show one with its journal",
    );
  sagas
    .command("list", { isDefault: true })
    .description("print them; those that need somebody first")
    .option("--state <STATE>", "only those that are running, suspended, undoing, parked or apologising")
    .allowExcessArguments()
    .action(async (_, command: Command) => {
      if (command.args.length > 0) command.error(`error: unknown command 'sagas ${command.args[0]}'`);
      const { listSagas } = await import("./sagas.ts");
      await listSagas(command.optsWithGlobals<SagasOptions>());
    });
  const one = (name: string, description: string): Command =>
    sagas
      .command(name)
      .description(description)
      .argument("<SERVICE>")
      .argument("<KEY>", "its key, or CONTRACT/KEY where two sagas of the service share it");
  one("show", "print one: its journal, also when it has ended").action(async (service: string, key: string, _, command: Command) => {
    const { showSaga } = await import("./sagas.ts");
    await showSaga(service, key, command.optsWithGlobals<SagasOptions>());
  });
  one("retry", "let a parked one go on where it stood").action(async (service: string, key: string, _, command: Command) => {
    const { retrySaga } = await import("./sagas.ts");
    await retrySaga(service, key, command.optsWithGlobals<SagasOptions>());
  });
  one("abandon", "stop what one tries, undo what it did, and owe apologies for what cannot be undone")
    .requiredOption("--why <TEXT>", "what is kept with it, and told to its caller")
    .action(async (service: string, key: string, _, command: Command) => {
      const { abandonSaga } = await import("./sagas.ts");
      await abandonSaga(service, key, command.optsWithGlobals<SagasOptions>());
    });
}

function addApologies(program: Command): void {
  const apologies = program
    .command("apologies")
    .helpCommand(false)
    .description("what sagas of the running system could not undo, and somebody owes an apology for")
    .option("--data <DIR>", "the folder that was given to `atoll run` (default: the only one in .atoll)")
    .option("--json", "print JSON: an array of {service, saga, key, step, owner, since, due, overdue, reason}");
  apologies
    .command("list", { isDefault: true })
    .description("print those that nobody has dealt with")
    .allowExcessArguments()
    .action(async (_, command: Command) => {
      if (command.args.length > 0) command.error(`error: unknown command 'apologies ${command.args[0]}'`);
      const { listApologies } = await import("./sagas.ts");
      await listApologies(command.optsWithGlobals<SagasOptions>());
    });
  apologies
    .command("resolve")
    .description("say that one has been dealt with")
    .argument("<SERVICE>")
    .argument("<KEY>")
    .argument("<STEP>", "as it is listed: STEP/N")
    .requiredOption("--note <TEXT>", "how; it is kept with it")
    .action(async (service: string, key: string, step: string, _, command: Command) => {
      const { resolveApology } = await import("./sagas.ts");
      await resolveApology(service, key, step, command.optsWithGlobals<SagasOptions>());
    });
}

function version(): string {
  const manifest = findPackageJSON(import.meta.url);
  return manifest === undefined ? "unknown" : (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version;
}
