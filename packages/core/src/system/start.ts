// A system on this machine: real clock, real disk, real sockets. What tests and the simulator use instead is `boot`.
import type { At } from "../contract/index.ts";
import { SqliteJournalStore, type ReadyThreads } from "../journal/sqlite/index.ts";
import type { TableStore } from "../tables/index.ts";
import { environment, nodeRuntime, type NodeRuntimeOptions } from "../runtime/node/index.ts";
import type { Logger, Runtime } from "../runtime/index.ts";
import { bootWith, type Booted } from "./boot.ts";
import type { System } from "./definition.ts";
import type { PortSharing } from "./edge.ts";
import type { Ring } from "./ring.ts";
import { roomsFor } from "./rooms.ts";

export interface StartOptions extends NodeRuntimeOptions {
  /** Folder for logs and read models, one below it per service; created if missing. Default `.atoll/NAME`. */
  readonly data?: string;
  /** Port of the gateway; 0 takes a free one. Default 8080. */
  readonly port?: number;
  /** Address the gateway listens on. Default 127.0.0.1: nobody else reaches it. */
  readonly host?: string;
  /** Present if the gateways of other processes listen on the same port. */
  readonly sharing?: PortSharing;
  /** Threads for its logs that were started ahead, while the definition was loaded; `start` ends what it has no use for. */
  readonly threads?: ReadyThreads;
  /** For handlers' `config`; wins over the environment. */
  readonly config?: { readonly [name: string]: string };
  /** Present if other processes run the other services: joins them, with the ports that the system here gets. */
  readonly ring?: (runtime: Runtime) => Ring;
}

export interface Running
  extends
    AsyncDisposable,
    Pick<
      Booted,
      | "at"
      | "every"
      | "session"
      | "health"
      | "quarantined"
      | "readModels"
      | "release"
      | "breakers"
      | "openBreaker"
      | "closeBreaker"
      | "sagas"
      | "deadLetters"
      | "topic"
    > {
  /** Speaks as the operator, who may call everything. */
  readonly at: At;
  /** Where the gateway listens, without a slash at the end; "" without a gateway. */
  readonly url: string;
  /** Stops as `await using` does, which allows `stopGraceMs`. Idempotent. */
  stop(graceMs?: number): Promise<void>;
}

/** Time for what was accepted to be answered when a system stops. */
export const stopGraceMs = 10_000;

/**
 * Starts `system` in this process. Once it resolves, every service has recovered, seeds have run, and the gateway listens.
 * Fails with a `Failure`: INVALID_CONFIG, JOURNAL_IN_USE, JOURNAL_NEWER, JOURNAL_DAMAGED, PORT_TAKEN; nothing is left running then.
 */
export async function start(system: System, options: StartOptions = {}): Promise<Running> {
  const runtime = nodeRuntime(options);
  const data = options.data ?? `.atoll/${system.name}`;
  const journals = new SqliteJournalStore(data, runtime.logger, options.threads);
  const alive = runtime.hold();
  let booted: Booted | undefined;
  let url = "";
  try {
    const ring = options.ring?.(runtime);
    const gateway = !ring || ring.service === "gateway" ? system.gateway : undefined;
    const [rooms, tables] = await Promise.all([roomsFor(system), tablesFor(system, data, runtime.logger), gateway?.load?.()]);
    const config = { ...environment(), ...options.config };
    booted = await bootWith(rooms, system, { runtime, journals, config, ...(tables ? { tables } : {}), ...(ring ? { ring } : {}) });
    const listening = await booted.gateway?.listen({
      port: options.port ?? 8080,
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.sharing === undefined ? {} : { sharing: options.sharing }),
    });
    if (listening) url = listening.url;
    options.threads?.[Symbol.dispose]();
  } catch (error) {
    options.threads?.[Symbol.dispose]();
    await booted?.stop(stopGraceMs);
    alive[Symbol.dispose]();
    throw error;
  }
  const running = booted;
  const stop = async (graceMs = stopGraceMs): Promise<void> => {
    await running.stop(graceMs);
    alive[Symbol.dispose]();
  };
  return {
    at: running.at,
    every: running.every,
    url,
    session: (token) => running.session(token),
    health: () => running.health(),
    quarantined: () => running.quarantined(),
    readModels: running.readModels,
    release: (service, key) => running.release(service, key),
    sagas: running.sagas,
    deadLetters: (service) => running.deadLetters(service),
    topic: (topic, how) => running.topic(topic, how),
    breakers: () => running.breakers(),
    openBreaker: (service, contract) => running.openBreaker(service, contract),
    closeBreaker: (service, contract) => running.closeBreaker(service, contract),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

async function tablesFor({ services }: System, data: string, logger: Logger): Promise<TableStore | undefined> {
  if (!services.some(({ parts }) => parts.some(({ kind }) => kind === "readModel"))) return undefined;
  const { SqliteTableStore } = await import("../tables/sqlite/index.ts");
  return new SqliteTableStore(data, logger);
}
