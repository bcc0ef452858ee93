// The grammar of the command line. What a verb does is in a file of its own, loaded when it is called, so that `run` does
// not wait for what the others need.
import { Command, type OutputConfiguration } from "commander";
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import type { BreakersOptions } from "./breakers.ts";
import type { DeadLettersOptions } from "./dead-letters.ts";
import { addNodeCommands } from "./node-commands.ts";
import { report } from "./report.ts";
import type { RunOptions } from "./run.ts";
import type { QuarantineOptions } from "./quarantine.ts";
import type { SagasOptions } from "./sagas.ts";
import type { ReadModelsOptions } from "./read-models.ts";

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

/** A reader that has seen enough is no failure. */
function cannotPrint({ code, message }: NodeJS.ErrnoException): void {
  if (code !== "EPIPE") process.stderr.write(`atoll: standard output cannot be written: ${message}\n`);
  process.exit(code === "EPIPE" ? 0 : 1);
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
    .exitOverride()
    .hook("preAction", (_, command) => {
      if (command.name() !== "run") process.stdout.once("error", cannotPrint); // a system goes on without a reader
    });

  program
    .command("run")
    .description("run the system that FILE exports, until SIGTERM or SIGINT; what was accepted is answered first")
    .argument("<FILE>", "a .ts or .js file that exports one system")
    .option("--port <N>", "where the gateway listens; 0 takes a free port (default: PORT of the environment, or 8080)")
    .option("--host <ADDRESS>", "the address it listens on (default: 127.0.0.1, which only this machine reaches)")
    .option("--data <DIR>", "where the logs are kept (default: .atoll/NAME of the system)")
    .option("--isolation <HOW>", "process: each service in a process of its own, started again when it ends (default); shared: all in one")
    .action(async (file: string, options: RunOptions) => {
      const { run } = await import("./run.ts");
      await run(file, options);
    });

  addNodeCommands(program);
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
  addReadModels(program);
  addSagas(program);
  addApologies(program);
  addDeadLetters(program);
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

function addDeadLetters(program: Command): void {
  const letters = program
    .command("deadletters")
    .helpCommand(false)
    .description("what services told and could never deliver")
    .option("--data <DIR>", "the folder that was given to `atoll run` (default: the only one in .atoll)")
    .option("--json", "print JSON: an array of {service, letter, to, since, code, reason}, show one with its input");
  letters
    .command("list", { isDefault: true })
    .description("print them, and why")
    .allowExcessArguments() // as the default it gets every word that is no verb
    .action(async (_, command: Command) => {
      if (command.args.length > 0) command.error(`error: unknown command 'deadletters ${command.args[0]}'`);
      const { listDeadLetters } = await import("./dead-letters.ts");
      await listDeadLetters(command.optsWithGlobals<DeadLettersOptions>());
    });
  const one = (name: string, description: string): Command =>
    letters.command(name).description(description).argument("<SERVICE>", "the service that told").argument("<LETTER>", "as it is listed");
  one("show", "print one, and what it says").action(async (service: string, letter: string, _, command: Command) => {
    const { showDeadLetter } = await import("./dead-letters.ts");
    await showDeadLetter(service, letter, command.optsWithGlobals<DeadLettersOptions>());
  });
  one("replay", "send one once more, and drop it when there is an answer; the system must run").action(
    async (service: string, letter: string, _, command: Command) => {
      const { replayDeadLetter } = await import("./dead-letters.ts");
      await replayDeadLetter(service, letter, command.optsWithGlobals<DeadLettersOptions>());
    },
  );
  one("discard", "drop one: it will never be delivered").action(async (service: string, letter: string, _, command: Command) => {
    const { discardDeadLetter } = await import("./dead-letters.ts");
    await discardDeadLetter(service, letter, command.optsWithGlobals<DeadLettersOptions>());
  });
}

function addReadModels(program: Command): void {
  const readModels = program
    .command("read-models")
    .helpCommand(false)
    .description("what the running system has folded from its logs for queries")
    .option("--data <DIR>", "the folder that was given to `atoll run` (default: the only one in .atoll)")
    .option("--json", "print JSON");
  readModels
    .command("list", { isDefault: true })
    .description("print them, and how far they are behind")
    .allowExcessArguments() // as the default it gets every word that is no verb
    .action(async (_, command: Command) => {
      if (command.args.length > 0) command.error(`error: unknown command 'read-models ${command.args[0]}'`);
      const { showReadModels } = await import("./read-models.ts");
      await showReadModels(command.optsWithGlobals<ReadModelsOptions>());
    });
  readModels
    .command("parked")
    .description("print the entities that are set aside because an event of theirs cannot be applied, and why")
    .action(async (_, command: Command) => {
      const { showParked } = await import("./read-models.ts");
      await showParked(command.optsWithGlobals<ReadModelsOptions>());
    });
  readModels
    .command("retry")
    .description("apply the events of parked entities, from the first that failed on; waits until that is done")
    .argument("<SERVICE>")
    .argument("<READ-MODEL>", "its contract")
    .argument("[KEY]", "one entity's key, or SOURCE/KEY where two sources share it (default: all that are parked)")
    .action(async (service: string, readModel: string, key: string | undefined, _, command: Command) => {
      const { retryReadModel } = await import("./read-models.ts");
      await retryReadModel(service, readModel, key, command.optsWithGlobals<ReadModelsOptions>());
    });
  readModels
    .command("rebuild")
    .description("make one anew beside the one that answers, and wait until it has taken its place")
    .argument("<SERVICE>")
    .argument("<READ-MODEL>", "its contract")
    .action(async (service: string, readModel: string, _, command: Command) => {
      const { rebuild } = await import("./read-models.ts");
      await rebuild(service, readModel, command.optsWithGlobals<ReadModelsOptions>());
    });
}

function version(): string {
  const manifest = findPackageJSON(import.meta.url);
  return manifest === undefined ? "unknown" : (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version;
}
