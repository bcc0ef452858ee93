// A whole system in a virtual world, for tests of rules that need one: real code, virtual time, simulated disk.
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld, type VirtualProcess, type VirtualWorldOptions } from "@atoll/core/runtime/virtual";
import { boot, type Booted, type System } from "@atoll/core/system";
import { SimulatedTables } from "@atoll/core/tables/simulated";

export interface VirtualSystem {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly tables: SimulatedTables;
  readonly process: VirtualProcess;
  readonly booted: Booted;
  /** Virtual time passes. */
  pause(ms: number): Promise<void>;
  /** Runs something inside the process. */
  inside<T>(act: () => Promise<T>): Promise<T>;
  /** The process dies and another one takes over its disk, with another system if one is given. */
  restart(next?: System): Promise<VirtualSystem>;
}

export interface VirtualSystemOptions extends Omit<VirtualWorldOptions, "seed"> {
  readonly seed?: number;
  readonly config?: { readonly [name: string]: string };
  /** A platform without tables. */
  readonly tables?: false;
}

/** Boots `system`, runs `scenario` in the world, and fails if any task threw. */
export async function virtually<T>(
  system: System,
  scenario: (running: VirtualSystem) => Promise<T>,
  options: VirtualSystemOptions = {},
): Promise<T> {
  const world = new VirtualWorld({ seed: 1, ...options });
  const disk = new SimulatedDisk(world.outside);
  const tables = new SimulatedTables(world.outside);
  const result = await world.runUntil(up(world, disk, tables, system, options).then(scenario));
  for (const { error } of world.failures) throw error;
  return result;
}

async function up(
  world: VirtualWorld,
  disk: SimulatedDisk,
  tables: SimulatedTables,
  system: System,
  options: VirtualSystemOptions,
): Promise<VirtualSystem> {
  const process = world.process("node");
  const journals = new SimulatedJournalStore(disk, process, { process: "node" });
  const store = tables.store(process);
  const booted = await process
    .enter(world.outside, () =>
      boot(system, { runtime: process, journals, config: options.config ?? {}, ...(options.tables === false ? {} : { tables: store }) }),
    )
    .catch((error: unknown) => {
      process.crash();
      journals.crash();
      throw error;
    });
  return {
    world,
    disk,
    tables,
    process,
    booted,
    pause: (ms) => new Promise((resolve) => void world.outside.timers.after(ms, resolve)),
    inside: (act) => process.enter(world.outside, act),
    restart(next = system) {
      process.crash();
      journals.crash();
      store.crash();
      return up(world, disk, tables, next, options);
    },
  };
}

/** The `Failure` that `asked` rejects with; an error if it does not. */
export async function failureOf(
  asked: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string; readonly outcome: string }> {
  const settled = await asked.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in settled) return settled.error as { code: string; message: string; outcome: string };
  throw new Error(`expected a failure, got ${JSON.stringify(settled.value)}`);
}
