// The one table of who may import whom. scripts/layer-check.ts turns it into dependency-cruiser's rules and prints it
// into ARCHITECTURE.md. A new room or package is a new row here; until it has one, the check fails.

export interface Room {
  readonly name: string;
  /** 0 is the bottom. A room imports rooms of lower levels only; rooms of one level are siblings and never meet. */
  readonly level: number;
  /** A folder below packages/core/src. */
  readonly folder: string;
  readonly holds: string;
}

export const rooms: readonly Room[] = [
  { name: "base", level: 0, folder: "base", holds: "assertions, the registry of failures, durations, hashes, queues, seeded numbers" },
  {
    name: "runtime",
    level: 1,
    folder: "runtime",
    holds: "the ports to time, randomness, scheduling, network, log; their Node and virtual forms",
  },
  { name: "contract", level: 2, folder: "contract", holds: "what a service promises, and the checks compiled from it" },
  { name: "journal", level: 3, folder: "journal", holds: "the port to a fenced log, its SQLite and simulated forms, the log writer" },
  { name: "tables", level: 3, folder: "tables", holds: "the port to SQL files that are derived from logs, its SQLite and simulated forms" },
  {
    name: "transport",
    level: 3,
    folder: "transport",
    holds: "the port to links between nodes, their protocol as a pure machine, its memory, socket and simulated forms",
  },
  { name: "mailbox", level: 4, folder: "mailbox", holds: "messages on their way to an implementation, deadlines, bounded waiting" },
  {
    name: "resilience",
    level: 4,
    folder: "resilience",
    holds: "breaker, retry budget and bulkhead of a called contract as pure machines, and what drives them",
  },
  {
    name: "cluster",
    level: 4,
    folder: "cluster",
    holds: "who hosts the log of a service and who owns its partitions: the plan, and the machines that make and follow it",
  },
  { name: "entity", level: 5, folder: "entity", holds: "definition and life of a durable entity" },
  { name: "handlers", level: 5, folder: "handlers", holds: "definition and running of stateless handlers" },
  { name: "saga", level: 5, folder: "saga", holds: "definition of a saga and the machine that plays, journals and undoes it" },
  {
    name: "subscription",
    level: 5,
    folder: "subscription",
    holds: "a service's reaction to a topic: its definition, what it tells, and the delivery of that",
  },
  {
    name: "system",
    level: 6,
    folder: "system",
    holds: "composes everything below into start, drain and stop; the edge that a gateway speaks to",
  },
];

/** Parts of a room that are not for everybody: an implementation of a port is chosen where the system is composed. */
export interface Chamber {
  /** Below packages/core/src. */
  readonly folder: string;
  /** Who may import it besides itself and tests: rooms, single files of core, or packages. */
  readonly importers: readonly string[];
  readonly why: string;
}

export const chambers: readonly Chamber[] = [
  {
    folder: "runtime/node",
    importers: ["system", "cli", "testkit", "examples", "bench"],
    why: "only who composes a system chooses its runtime",
  },
  {
    folder: "runtime/virtual",
    importers: ["testkit", "bench", "transport/simulated"],
    why: "production code never knows that it is simulated",
  },
  { folder: "journal/sqlite", importers: ["system", "cli", "bench"], why: "only who composes a system chooses its journal" },
  {
    folder: "journal/simulated",
    importers: ["testkit", "bench"],
    why: "production code never knows that it is simulated",
  },
  {
    folder: "journal/faults",
    importers: ["journal/simulated", "testkit"],
    why: "production code never knows that it is simulated",
  },
  { folder: "tables/sqlite", importers: ["system", "tables/simulated"], why: "only who composes a system chooses its tables" },
  { folder: "tables/simulated", importers: ["testkit"], why: "production code never knows that it is simulated" },
  { folder: "transport/memory", importers: ["system", "cli", "testkit", "bench"], why: "only who composes a system chooses its transport" },
  { folder: "transport/socket", importers: ["system", "cli", "testkit", "bench"], why: "only who composes a system chooses its transport" },
  { folder: "transport/simulated", importers: ["testkit", "bench"], why: "production code never knows that it is simulated" },
  { folder: "runtime/tck", importers: [], why: "a conformance suite is run by tests only" },
  { folder: "journal/tck", importers: [], why: "a conformance suite is run by tests only" },
  { folder: "tables/tck", importers: [], why: "a conformance suite is run by tests only" },
  { folder: "transport/tck", importers: [], why: "a conformance suite is run by tests only" },
];

export interface Package {
  readonly name: string;
  /** Below the root. */
  readonly folder: string;
  readonly holds: string;
  /** Packages of this repository that it may import, by their published subpaths only. */
  readonly packages: readonly string[];
  /** Libraries that its published code may import. Development dependencies belong to tests. */
  readonly libraries: readonly string[];
}

export const packages: readonly Package[] = [
  { name: "core", folder: "packages/core", holds: "the rooms above", packages: [], libraries: ["@standard-schema/spec"] },
  {
    name: "gateway",
    folder: "packages/gateway",
    holds: "the HTTP edge",
    packages: ["core"],
    libraries: ["hono", "@hono/node-server", "@standard-schema/spec"],
  },
  {
    name: "read-model",
    folder: "packages/read-model",
    holds: "read models: SQL tables folded from logs and topics, and queries over them",
    packages: ["core"],
    libraries: ["kysely"],
  },
  { name: "testkit", folder: "packages/testkit", holds: "given / when / then, simulation", packages: ["core"], libraries: [] },
  { name: "cli", folder: "packages/cli", holds: "the atoll command", packages: ["core"], libraries: ["commander"] },
  {
    name: "examples",
    folder: "examples",
    holds: "systems to read and to run",
    packages: ["core", "gateway", "read-model", "testkit"],
    libraries: ["zod"],
  },
  {
    name: "bench",
    folder: "bench",
    holds: "measurements beside the bare parts",
    packages: ["core", "gateway", "read-model", "testkit"],
    libraries: ["zod", "hono", "@hono/node-server"],
  },
];

/** Modules of Node that only one place may import; tests, scripts and benches are free. */
export const confined: readonly { readonly modules: readonly string[]; readonly to: readonly string[]; readonly why: string }[] = [
  {
    modules: ["sqlite", "worker_threads"],
    to: ["packages/core/src/journal/sqlite", "packages/core/src/tables/sqlite", "packages/core/src/tables/simulated"],
    why: "logs and tables, nothing else, open database files and start threads",
  },
  {
    modules: ["http", "https", "http2", "tls"],
    to: ["packages/gateway/src", "packages/cli/src"],
    why: "nothing below the edge knows HTTP; the command's control socket speaks it as well",
  },
  {
    modules: ["net"],
    to: ["packages/gateway/src", "packages/cli/src", "packages/core/src/transport/socket"],
    why: "besides the edge and the command only links between processes use sockets",
  },
  { modules: ["child_process", "cluster"], to: ["packages/cli/src"], why: "processes are started by the command, never by the core" },
];
