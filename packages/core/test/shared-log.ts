// Several processes on one log, for tests of ownership: the log is open in a process of its own, and what the others ask of it, and
// hear, are events of theirs. One that is paused asks and hears nothing until it goes on.
import { SimulatedDisk, SimulatedJournalStore, FaultyJournal, plannedFaults, type PlannedFault } from "@atoll/core/journal/simulated";
import { LogWriter, logWriterLimits, type Journal, type LogWriterLimits } from "@atoll/core/journal";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";

export interface Owner {
  readonly process: VirtualProcess;
  readonly journal: Journal;
  readonly writer: LogWriter;
  /** Partitions that it was told to have lost, with the epoch, and those whose epoch it has raised. */
  readonly lost: (readonly [partition: number, epoch: number])[];
  readonly raised: (readonly [partition: number, epoch: number])[];
  /** What it has asked `confirm` for. */
  readonly confirms: (readonly [partition: number, epoch: number])[];
}

export interface SharedLog {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly journal: Journal;
  /** A process with a writer that owns nothing yet. */
  owner(name: string, faults?: readonly PlannedFault[], limits?: Partial<LogWriterLimits>): Promise<Owner>;
  /** Virtual time passes. */
  pause(ms: number): Promise<void>;
}

/** Runs `scenario` on a log of `partitions`, and fails if any task threw. */
export async function sharing(partitions: number, scenario: (log: SharedLog) => Promise<void>, seed = 1): Promise<void> {
  const world = new VirtualWorld({ seed });
  const disk = new SimulatedDisk(world.outside);
  const host = world.process("host");
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void world.outside.timers.after(ms, resolve));
  const run = async (): Promise<void> => {
    const journal = await new SimulatedJournalStore(disk, host, { process: "host" }).open("s", partitions);
    const owner: SharedLog["owner"] = async (name, faults = [], limits = {}) => {
      const process = world.process(name);
      const confirms: [number, number][] = [];
      const remote = remoteOf(process, new FaultyJournal(journal, plannedFaults(faults), { timers: world.outside.timers }), confirms);
      const writer = await process.enter(world.outside, () =>
        LogWriter.open("s", remote, process, { ...logWriterLimits, commitTimeoutMs: 2_000, ...limits }, "granted"),
      );
      const [lost, raised]: [[number, number][], [number, number][]] = [[], []];
      writer.onLost((...told) => lost.push(told));
      writer.onRaised((...told) => raised.push(told));
      return { process, journal: remote, writer, lost, raised, confirms };
    };
    await scenario({ world, disk, journal, owner, pause });
  };
  await world.runUntil(run());
  for (const { error } of world.failures) throw error;
}

/** `journal` as `process` sees it, with a `confirm` that asks it for the present epoch (J14). */
function remoteOf(process: VirtualProcess, journal: Journal, confirms: [number, number][]): Journal {
  const heard = async <T>(answer: Promise<T>): Promise<T> => {
    await Promise.allSettled([answer]);
    await new Promise<void>((resolve) => process.scheduler.soon(resolve));
    return answer;
  };
  const confirm = (partition: number, epoch: number): Promise<boolean> => {
    confirms.push([partition, epoch]);
    return heard(journal.partitions().then((states) => states[partition]?.epoch === epoch));
  };
  return new Proxy(journal, {
    get(target, name) {
      if (name === "confirm") return confirm;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => {
        const answer: unknown = Reflect.apply(member, target, given);
        return answer instanceof Promise ? heard(answer) : answer;
      };
    },
  });
}
