// DBOS on PostgreSQL, as its documentation has it for production: a library in the process that asks, one database of its own,
// connected directly. Pool and everything else as it comes.
import { libraryOf, versionOf } from "./library.ts";
import { firstInput, step } from "./load.ts";
import { servePeer } from "./peer-process.ts";
import { openPostgres } from "./postgres.ts";

const library = "@dbos-inc/dbos-sdk";

interface Dbos {
  setConfig(config: { readonly name: string; readonly systemDatabaseUrl: string; readonly logLevel: string }): void;
  launch(): Promise<void>;
  shutdown(): Promise<void>;
  registerWorkflow<A, R>(workflow: (input: A) => Promise<R>, config: { readonly name: string }): (input: A) => Promise<R>;
  runStep<R>(run: () => Promise<R>, config: { readonly name: string }): Promise<R>;
  startWorkflow<A, R>(
    workflow: (input: A) => Promise<R>,
    parameters: { readonly workflowID: string },
  ): (input: A) => Promise<{ getResult(): Promise<R> }>;
}

await servePeer(async (directory) => {
  const postgres = await openPostgres(directory);
  process.noDeprecation = true; // its PostgreSQL client warns of how it is used, once
  const { DBOS } = await libraryOf<{ readonly DBOS: Dbos }>(library);
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: postgres.url("bench"), logLevel: "error" });
  const trip = DBOS.registerWorkflow(
    async (by: number) => {
      const a = await DBOS.runStep(() => step(by), { name: "one" });
      const b = await DBOS.runStep(() => step(a.total), { name: "two" });
      return DBOS.runStep(() => step(b.total), { name: "three" });
    },
    { name: "trip" },
  );
  await DBOS.launch();
  return {
    name: `DBOS ${versionOf(library)}, PostgreSQL ${postgres.version}`,
    workflow: async (key) => (await DBOS.startWorkflow(trip, { workflowID: key })(firstInput)).getResult(),
    close: async () => {
      await DBOS.shutdown();
      await postgres[Symbol.asyncDispose]();
    },
  };
});
