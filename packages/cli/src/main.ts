// The command line: what can be asked, and who answers. Each verb is a file of its own, loaded when it is used.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { CommandError, report } from "./report.ts";

/** Runs one command line; resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("atoll")
    .description("Runs systems of durable entities, and looks after them.")
    .version(version())
    .option("--debug", "print where in the program an error arose")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "atoll: ")) })
    .showHelpAfterError("(see: atoll --help)");

  program
    .command("run")
    .description("run the system that FILE exports, until SIGINT or SIGTERM")
    .argument("<FILE>", "a .ts or .js file whose only exported system is run")
    .option("--port <N>", "port of the gateway, 0 for a free one (default: $PORT, or 8080)")
    .option("--host <ADDRESS>", "address the gateway listens on (default: 127.0.0.1)")
    .option("--data <DIR>", "folder for the logs (default: .atoll/NAME)")
    .action(async (file: string, options: object) => {
      const { run } = await import("./run.ts");
      exitCode = await run(file, options);
    });

  const quarantine = program.command("quarantine").description("entities that kept failing and are kept from running");
  const shared = (command: Command): Command =>
    command.option("--json", "print JSON").option("--data <DIR>", "folder of the logs (default: the only one below .atoll)");
  shared(quarantine.command("list", { isDefault: true }).description("list them")).action(async (options: object) => {
    const { listQuarantine } = await import("./quarantine.ts");
    await listQuarantine(options);
  });
  shared(quarantine.command("release").description("let one run again").argument("<SERVICE>").argument("<KEY>", "its key, or CONTRACT/KEY")).action(
    async (service: string, key: string, options: object) => {
      const { releaseQuarantine } = await import("./quarantine.ts");
      await releaseQuarantine(service, key, options);
    },
  );

  try {
    if (args.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return report(error, program.opts<{ debug?: boolean }>().debug ?? false);
  }
}

function version(): string {
  try {
    return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string }).version;
  } catch (cause) {
    throw new CommandError(`this installation is damaged: ${String(cause)}`);
  }
}
