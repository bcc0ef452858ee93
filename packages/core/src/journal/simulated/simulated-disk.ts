// The disk of a simulated machine. It outlives the processes that write to it, so it runs on the world's ports, not on
// a process's: an operation that a process has submitted is carried out some time later, also while that process is
// paused. A crash decides by lot which operations under way had reached the medium; their answers are lost either way.
import { assert } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import type { Random, Runtime } from "../../runtime/index.ts";
import { type FaultRates, noFaults } from "../faults/fault-plan.ts";
import { JournalError, type Row } from "../journal.ts";
import { type SimulatedImage, SimulatedLog } from "./simulated-log.ts";

/** Whoever opens journals on the disk: a process, until it dies. */
export interface DiskUser {
  readonly name: string;
  /** Hands an answer over to the process; never called once `alive` is false. */
  answer(task: () => void): void;
  readonly alive: boolean;
}

/** An operation that was submitted and has not been carried out. */
interface Pending {
  readonly user: DiskUser;
  readonly perform: () => void;
  readonly atCrash: () => void;
}

export interface SimulatedDiskOptions {
  /** Every operation takes between these, drawn for each: operations under way overtake each other. */
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
}

/** About a synced commit of an SSD; wide enough that operations under way overtake each other in whole virtual milliseconds. */
const latencyByDefault: SimulatedDiskOptions = { latencyMsMin: 0.1, latencyMsMax: 3 };

interface Service {
  readonly log: SimulatedLog;
  holder: DiskUser | undefined;
}

export class SimulatedDisk {
  /** May be replaced at any moment; journals that are open read it at every call. */
  faults: FaultRates = noFaults;
  /** Rows that the medium will never store: their append is `refused`, nothing of it written. */
  refuses: (row: Row) => boolean = () => false;
  /** Told of every row in the moment in which it is on the medium, also of what a crash left there. */
  onCommitted: (service: string, row: Row) => void = () => {};
  readonly random: Random;
  readonly timers: Runtime["timers"];
  readonly #latency: SimulatedDiskOptions;
  readonly #services = new Map<string, Service>();
  readonly #pending = new Set<Pending>();

  /** `world`: the ports of the simulation, which no process crash stops. */
  constructor(world: Pick<Runtime, "random" | "timers">, options: Partial<SimulatedDiskOptions> = {}) {
    this.random = world.random;
    this.timers = world.timers;
    this.#latency = { ...latencyByDefault, ...options };
  }

  /** The whole log of a service, partition by partition, in order. Empty if there is none. */
  rows(service: string): readonly Row[] {
    return this.#services.get(service)?.log.rows() ?? [];
  }

  /** The index as it is on the medium. Undefined if the service has no journal yet. */
  image(service: string): SimulatedImage | undefined {
    return this.#services.get(service)?.log.image();
  }

  /** Takes the index from the medium (J10); for a moment when no process has the journal open. */
  loseIndex(service: string): void {
    this.#existing(service).log.loseIndex();
  }

  /** Makes the row that holds this record unreadable (J8). */
  damage(service: string, partition: number, offset: number): void {
    this.#existing(service).log.damage(partition, offset);
  }

  /** Creates the log if there is none and locks it for `user`. */
  open(user: DiskUser, name: string, partitions: number): Promise<SimulatedLog> {
    return this.submit(user, () => {
      const service = this.#services.get(name);
      if (!service) {
        const log = new SimulatedLog(this.random.id(), partitions);
        this.#services.set(name, { log, holder: user });
        return log;
      }
      if (service.holder?.alive) {
        throw new Failure("JOURNAL_IN_USE", { what: `the simulated process ${service.holder.name} has it open`, at: name });
      }
      service.holder = user;
      return service.log;
    });
  }

  exists(user: DiskUser, name: string): Promise<boolean> {
    return this.submit(user, () => this.#services.has(name));
  }

  /** Gives the lock back. */
  close(user: DiskUser, name: string): Promise<void> {
    return this.submit(user, () => {
      const service = this.#existing(name);
      if (service.holder === user) service.holder = undefined;
    });
  }

  /**
   * Carries `work` out as one step, some time later, and answers. `survive`: what happens instead if the process dies
   * first; by default nothing, which is right for whatever changes nothing.
   */
  submit<T>(user: DiskUser, work: () => T, survive: () => void = () => {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const answer = (task: () => void): void => {
        if (user.alive) user.answer(task);
      };
      const pending: Pending = {
        user,
        perform: () => {
          try {
            const value = work();
            answer(() => resolve(value));
          } catch (error) {
            if (!(error instanceof Error)) throw error;
            answer(() => reject(error));
          }
        },
        atCrash: () => {
          try {
            survive();
          } catch (error) {
            if (!(error instanceof JournalError)) throw error; // nobody is left to be told
          }
        },
      };
      this.#pending.add(pending);
      const { latencyMsMin, latencyMsMax } = this.#latency;
      this.timers.after(latencyMsMin + this.random.next() * (latencyMsMax - latencyMsMin), () => {
        if (this.#pending.delete(pending)) pending.perform();
      });
    });
  }

  /** A row that will never be stored is named, and nothing of its append is. */
  checkRefused(rows: readonly Row[]): void {
    const refused = rows.find((row) => this.refuses(row));
    if (refused)
      throw new JournalError("refused", `the row at partition ${refused.partition}, offset ${refused.offset} will never be stored`);
  }

  /** `user` is dead: what it had under way is on the medium or is not, in any order; its locks are gone. */
  crash(user: DiskUser): void {
    assert(!user.alive, "a user is dead before its operations are decided");
    const under = [...this.#pending].filter((pending) => pending.user === user);
    for (const pending of under) this.#pending.delete(pending);
    while (under.length > 0) {
      const [pending] = under.splice(Math.floor(this.random.next() * under.length), 1);
      pending?.atCrash();
    }
    for (const service of this.#services.values()) if (service.holder === user) service.holder = undefined;
  }

  #existing(name: string): Service {
    const service = this.#services.get(name);
    assert(service, `service ${name} has a journal on the simulated disk`);
    return service;
  }
}
