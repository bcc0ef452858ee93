// A deterministic world for the production code to run in: one seed decides which of the hand-overs that are ready runs
// next, all randomness, and every identifier; time stands still while anything is ready and then jumps to the next
// timer. Each event runs alone, and all promise work that it starts is done before the next is chosen, because the
// engine explores one order of microtasks only: what is to be explored must be an event.
//
// The same seed and program give the same `trace.hash` on any machine, as long as nothing inside reaches around the
// ports: no thread pools, no workers, no real I/O, no collector-dependent code.
import { assert } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import type { Network, Random, Runtime } from "../runtime.ts";
import { drive, type Step } from "./driver.ts";
import { seededRandom } from "./seeded-random.ts";
import { SimulationError } from "./simulation-error.ts";
import { TimerHeap } from "./timer-heap.ts";
import { Trace } from "./trace.ts";
import { VirtualEvent, type EventKind } from "./virtual-event.ts";
import { VirtualProcess, type ProcessHost } from "./virtual-process.ts";

export interface VirtualWorldOptions {
  /** A whole number; 32 bits of it count. */
  readonly seed: number;
  /** Events that may run in all; more end the run with a `SimulationError`. Default 1,000,000. */
  readonly stepsMax?: number;
  /** Stands in for the network outside. Without it every fetch fails with UNAVAILABLE. */
  readonly fetch?: Network["fetch"];
  /** Default "development". */
  readonly mode?: Runtime["mode"];
  /** Entries of the trace that are kept for people. Default 200. */
  readonly traceCapacity?: number;
}

/** A task that threw. Its process went on. */
export interface TaskFailure {
  readonly process: string;
  readonly error: unknown;
}

/** How a seed likes to choose; drawn once, so that different seeds look for different kinds of mistake. */
interface Bias {
  /** Chance that of one process's ready events the oldest runs, as on Node, instead of any. */
  readonly oldest: number;
  /** Chance that the end of a turn may come while something of it is still ready. */
  readonly earlyEnd: number;
}

/** 2026-01-01T00:00:00.000Z */
const startedAtMs = 1_767_225_600_000;
const failuresMax = 100;
const shownOnError = 40;
const kindWords: { readonly [K in EventKind]: number } = { soon: 1, endOfTurn: 2, timer: 3 };

const biasOf = (random: Random): Bias => ({
  oldest: ([0, 0, 0.5, 0.95] as const)[Math.floor(random.next() * 4)] as number,
  earlyEnd: ([0, 0, 0.05, 0.3] as const)[Math.floor(random.next() * 4)] as number,
});

export class VirtualWorld {
  readonly seed: number;
  readonly trace: Trace;
  /** For the scenario and its faults; the processes have streams of their own. */
  readonly random: Random;
  /** Never crashes: disks, networks, clients. */
  readonly outside: VirtualProcess;

  readonly #host: ProcessHost;
  readonly #chance: () => number;
  readonly #bias: Bias;
  readonly #stepsMax: number;
  readonly #timers = new TimerHeap();
  readonly #failures: TaskFailure[] = [];
  /** Processes that have not crashed, in order of birth. */
  #processes: VirtualProcess[] = [];
  /** By name: how many there were, and the latest. */
  readonly #births = new Map<string, { readonly count: number; readonly latest: VirtualProcess }>();
  #born = 0;
  #handOvers = 0;
  #steps = 0;
  #timeMs = 0;
  #driving = false;

  constructor(options: VirtualWorldOptions) {
    const { seed, stepsMax = 1_000_000, mode = "development", traceCapacity = 200, fetch = refuse } = options;
    this.seed = seed;
    this.trace = new Trace(traceCapacity);
    this.random = seededRandom(seed, "world");
    const choices = seededRandom(seed, "choices");
    this.#chance = () => choices.next();
    this.#bias = biasOf(choices);
    this.#stepsMax = stepsMax;
    const now = (): number => this.#timeMs;
    this.#host = {
      get timeMs() {
        return now();
      },
      startedAtMs,
      mode,
      fetch,
      handOver: (owner, kind, task, delayMs) => this.#handOver(owner, kind, task, delayMs),
      cancelTimer: (event) => this.#timers.remove(event),
      crashed: (owner) => this.#bury(owner),
      log: (owner, level, event, fields) => {
        this.trace.text(this.#steps, this.#timeMs, owner.label, `${level} ${event}`, fields);
        this.trace.mark(event);
      },
      note: (owner, label) => this.trace.text(this.#steps, this.#timeMs, owner.label, label),
    };
    this.outside = this.process("outside");
  }

  /** Virtual milliseconds since the beginning. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Events that have run. */
  get steps(): number {
    return this.#steps;
  }

  /** Tasks that threw, the first 100. A run that has any has found a bug. */
  get failures(): readonly TaskFailure[] {
    return this.#failures;
  }

  /** Starts a process. One of the same name must have crashed before; the new one has its wall clock, nothing else. */
  process(name: string): VirtualProcess {
    const births = this.#births.get(name);
    assert(births === undefined || births.latest.state === "crashed", `one process ${name} runs at a time`);
    const incarnation = (births?.count ?? 0) + 1;
    const process = new VirtualProcess(this.#host, {
      name,
      incarnation,
      number: this.#born,
      random: seededRandom(this.seed, `${name}#${incarnation}`),
      skewMs: births?.latest.skewMs ?? 0,
      pace: births?.latest.pace ?? 1,
    });
    this.#born += 1;
    this.#births.set(name, { count: incarnation, latest: process });
    this.#processes.push(process);
    return process;
  }

  /** Writes an event of the domain (an acknowledgement, a fault) into the trace. Must not hold what differs by machine. */
  note(label: string): void {
    this.trace.text(this.#steps, this.#timeMs, "world", label);
  }

  /** Counts that a situation worth testing was reached. */
  reach(mark: string): void {
    this.trace.mark(mark);
  }

  /**
   * Drives until `until` holds, looked at before every event; without it, until nothing is left that could happen.
   * Fails with a `SimulationError` when the step budget ends, or when nothing is left and `until` does not hold.
   */
  async run(until?: () => boolean): Promise<void> {
    assert(!this.#driving, "a world is driven by one caller at a time");
    this.#driving = true;
    let reached = false;
    try {
      await drive(
        () => {
          reached = until?.() ?? false;
          return reached ? "over" : this.#step();
        },
        () => (this.#advance() ? "go on" : "over"),
      );
    } finally {
      this.#driving = false;
    }
    if (until && !reached) throw this.#error("quiescent", "nothing is left that could happen, and what was waited for has not");
  }

  /** Drives for so many virtual milliseconds, and until nothing is ready then. */
  async runFor(durationMs: number): Promise<void> {
    let over = false;
    this.outside.timers.after(durationMs, () => {
      over = true;
    });
    await this.run(() => over);
  }

  /** Drives until `promise` is settled, and gives its result. Errors like `run`. */
  async runUntil<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.run(() => settled);
    return promise;
  }

  #step(): Step {
    for (let owner = this.#choose(); owner; owner = this.#choose()) {
      const { oldest, earlyEnd } = this.#bias;
      const early = earlyEnd > 0 && this.#chance() < earlyEnd;
      const event = owner.take(this.#chance, early, oldest > 0 && this.#chance() < oldest);
      if (event.cancelled) continue;
      this.#runEvent(owner, event);
      return "ran";
    }
    return "idle";
  }

  /** Any of the processes that have something ready, each with the same chance. */
  #choose(): VirtualProcess | undefined {
    let runnable = 0;
    let chosen: VirtualProcess | undefined;
    for (const process of this.#processes) {
      if (!process.runnable) continue;
      runnable += 1;
      chosen = runnable === 1 || this.#chance() * runnable < 1 ? process : chosen;
    }
    return chosen;
  }

  #runEvent(owner: VirtualProcess, event: VirtualEvent): void {
    if (this.#steps >= this.#stepsMax) throw this.#error("steps", `the budget of ${this.#stepsMax} steps is used up`);
    this.#steps += 1;
    this.trace.event(this.#steps, this.#timeMs, owner.label, event.kind, event.task, [event.id, owner.number, kindWords[event.kind]]);
    try {
      event.task();
    } catch (error) {
      if (this.#failures.length < failuresMax) this.#failures.push({ process: owner.label, error });
      owner.logger.log("error", "runtime.task_failed", { error });
    }
  }

  #handOver(owner: VirtualProcess, kind: EventKind, task: () => void, delayMs: number): VirtualEvent {
    this.#handOvers += 1;
    const event = new VirtualEvent(this.#handOvers, owner, kind, task, this.#timeMs + delayMs);
    if (owner.state === "crashed") event.cancelled = true;
    else if (kind === "timer") this.#timers.push(event);
    else owner.arrive(event);
    return event;
  }

  /** Turns time to the next timer and hands over all that are due then; false if there is none that anybody could run. */
  #advance(): boolean {
    const first = this.#timers.peek();
    if (!first) return false;
    // A stopped process's timers alone are no reason for time to pass: nothing would come of it.
    if (first.owner.state === "paused" && !this.#timers.find((event) => event.owner.state === "running")) return false;
    this.#timeMs = Math.max(this.#timeMs, first.dueMs);
    for (let event = this.#timers.peek(); event && event.dueMs <= this.#timeMs; event = this.#timers.peek()) {
      this.#timers.remove(event);
      event.owner.arrive(event);
    }
    return true;
  }

  #bury(owner: VirtualProcess): void {
    this.#timers.removeAll((event) => event.owner === owner);
    this.#processes = this.#processes.filter((process) => process !== owner);
  }

  #error(kind: SimulationError["kind"], what: string): SimulationError {
    return new SimulationError(
      kind,
      `seed ${this.seed}: ${what} (step ${this.#steps}, ${this.#timeMs} virtual ms)\n${this.trace.last(shownOnError)}`,
    );
  }
}

function refuse(): Promise<Response> {
  return Promise.reject(new Failure("UNAVAILABLE", { what: "this virtual world has no network; give it a `fetch` to stand in for one" }));
}
