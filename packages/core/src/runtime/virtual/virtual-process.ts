// One simulated process: a `Runtime` whose hand-overs are events of its world. It can be paused (its events wait while
// the world's time goes on, like a stopped process) and crash (its events are discarded; whatever its code still does
// through these ports has no effect, so promises that wait for an event of it never settle). What must outlive it, a
// disk or a client, lives in another process, usually `VirtualWorld.outside`, and answers by the dead one's own
// scheduler, so that answers to the dead do not arrive.
import { assert } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import { Metrics } from "../metrics.ts";
import type { Clock, Logger, Network, Random, Runtime, Scheduler, Timers } from "../runtime.ts";
import { ReadySet } from "./ready-set.ts";
import type { EventKind, EventOwner, VirtualEvent } from "./virtual-event.ts";

/** What a process needs of its world. */
export interface ProcessHost {
  readonly timeMs: number;
  /** The instant of the world's beginning on a right clock. */
  readonly startedAtMs: number;
  readonly mode: Runtime["mode"];
  readonly fetch: Network["fetch"];
  handOver(owner: VirtualProcess, kind: EventKind, task: () => void, delayMs: number): VirtualEvent;
  cancelTimer(event: VirtualEvent): void;
  crashed(owner: VirtualProcess): void;
  log(owner: VirtualProcess, ...entry: Parameters<Logger["log"]>): void;
  note(owner: VirtualProcess, label: string): void;
}

export interface ProcessInit {
  readonly name: string;
  /** Counts the processes of this name in its world, from 1. */
  readonly incarnation: number;
  readonly number: number;
  readonly random: Random;
  /** How far its wall clock is off at first. */
  readonly skewMs: number;
  /** Its milliseconds in one of the world's. */
  readonly pace: number;
}

/** So that a timer is not due a rounding error before its time. */
const roundingMs = 1e-6;

interface Call {
  readonly from: VirtualProcess;
  readonly reject: (failure: Failure) => void;
}

export class VirtualProcess implements Runtime, EventOwner {
  readonly name: string;
  readonly incarnation: number;
  /** `name#incarnation`, for people. */
  readonly label: string;
  /** Counts all processes of the world, in order of their birth. */
  readonly number: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly logger: Logger;
  readonly metrics = new Metrics();
  readonly mode: Runtime["mode"];

  readonly #host: ProcessHost;
  readonly #ready = new ReadySet();
  readonly #ends = new ReadySet();
  readonly #calls = new Set<Call>();
  #soonReady = 0;
  #state: "running" | "paused" | "crashed" = "running";
  #skewMs: number;
  #pace: number;
  /** When the pace changed last: in the world's time, and on its own monotonic clock. */
  #pacedMs: number;
  #ownMs = 0;

  constructor(host: ProcessHost, init: ProcessInit) {
    this.#host = host;
    this.name = init.name;
    this.incarnation = init.incarnation;
    this.label = `${init.name}#${init.incarnation}`;
    this.number = init.number;
    this.random = init.random;
    this.mode = host.mode;
    this.#skewMs = init.skewMs;
    this.#pace = init.pace;
    this.#pacedMs = host.timeMs;
    const bornMs = host.timeMs;
    const monotonic = (): number => this.#ownMs + (host.timeMs - this.#pacedMs) * this.#pace;
    this.clock = {
      now: () => host.startedAtMs + bornMs + Math.floor(monotonic()) + this.#skewMs,
      monotonic,
    };
    this.timers = {
      after: (delayMs, task) => {
        assert(Number.isFinite(delayMs), "a timer has a finite delay");
        const worldMs = this.#pace === 1 ? Math.ceil(delayMs) : Math.ceil(delayMs / this.#pace + roundingMs);
        return host.handOver(this, "timer", task, Math.max(0, worldMs));
      },
    };
    this.scheduler = {
      soon: (task) => void host.handOver(this, "soon", task, 0),
      endOfTurn: (task) => void host.handOver(this, "endOfTurn", task, 0),
    };
    this.network = { fetch: (input, request) => this.#fetch(input, request) };
    this.logger = { log: (level, event, fields) => host.log(this, level, event, fields) };
  }

  get state(): "running" | "paused" | "crashed" {
    return this.#state;
  }

  /** How far its wall clock is off now. */
  get skewMs(): number {
    return this.clock.now() - this.#host.startedAtMs - this.#host.timeMs;
  }

  get pace(): number {
    return this.#pace;
  }

  /**
   * From now on its clocks run at `pace` times the world's: 1.0001 gains 8.6 s a day. Timers that are set already keep the moment
   * at which they are due: L-T1 is kept by those that are set from now on. Later incarnations inherit it: it is the machine's.
   */
  drift(pace: number): void {
    assert(pace > 0.5 && pace < 2, "a clock drifts within reason");
    this.#ownMs = this.clock.monotonic();
    this.#pacedMs = this.#host.timeMs;
    this.#pace = pace;
    this.#host.note(this, `clock runs at ${pace}`);
  }

  /** The wall clock jumps; timers and `monotonic` do not notice. Later incarnations inherit it: it is the machine's. */
  jumpClock(byMs: number): void {
    this.#skewMs += byMs;
    this.#host.note(this, `clock jumps by ${byMs} ms`);
  }

  pause(): void {
    assert(this.#state === "running", "only a running process is paused");
    this.#state = "paused";
    this.#host.note(this, "paused");
  }

  resume(): void {
    assert(this.#state === "paused", "only a paused process is resumed");
    this.#state = "running";
    this.#host.note(this, "resumed");
  }

  /** Idempotent. Calls from other processes that it has not answered fail with UNKNOWN_OUTCOME. */
  crash(): void {
    if (this.#state === "crashed") return;
    this.#state = "crashed";
    this.#host.note(this, "crashed");
    this.#ready.clear();
    this.#ends.clear();
    this.#soonReady = 0;
    this.#host.crashed(this);
    for (const { from, reject } of this.#calls) from.scheduler.soon(() => reject(this.#lost("UNKNOWN_OUTCOME")));
    this.#calls.clear();
  }

  /**
   * Runs `act` in this process for another one: the request and its answer are events of the two. Fails with
   * UNAVAILABLE if it had crashed before the request arrived, with UNKNOWN_OUTCOME if it crashes before it answers.
   */
  enter<T>(from: VirtualProcess, act: () => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#state === "crashed") {
      from.scheduler.soon(() => reject(this.#lost("UNAVAILABLE")));
      return promise;
    }
    const call: Call = { from, reject };
    const answer = (settle: () => void): void => {
      if (this.#calls.delete(call)) from.scheduler.soon(settle);
    };
    this.#calls.add(call);
    this.scheduler.soon(() => {
      begin(act).then(
        (value) => answer(() => resolve(value)),
        (error: unknown) => answer(() => reject(error)),
      );
    });
    return promise;
  }

  // ── the driver's side ───────────────────────────────────────────────────────────────────────────────────────────

  get runnable(): boolean {
    return this.#state === "running" && (this.#ready.length > 0 || this.#ends.length > 0);
  }

  arrive(event: VirtualEvent): void {
    if (event.kind === "endOfTurn") return this.#ends.add(event);
    if (event.kind === "soon") this.#soonReady += 1;
    this.#ready.add(event);
  }

  /**
   * The end of a turn comes when no `soon` is left; `early` lets one come before. Only while `runnable`. May give a
   * cancelled event, which is to be passed over.
   */
  take(chance: () => number, early: boolean, oldest: boolean): VirtualEvent {
    const ready = this.#ready.length;
    const ends = this.#soonReady === 0 || early || ready === 0 ? this.#ends.length : 0;
    const end = ends > 0 && (ready === 0 || chance() * (ready + ends) >= ready);
    const set = end ? this.#ends : this.#ready;
    const event = set.take(oldest || set.length === 1 ? 0 : chance());
    if (event.kind === "soon") this.#soonReady -= 1;
    return event;
  }

  cancel(event: VirtualEvent): void {
    this.#host.cancelTimer(event);
  }

  #lost(code: "UNAVAILABLE" | "UNKNOWN_OUTCOME"): Failure {
    return new Failure(code, { what: `the process ${this.label} has crashed` });
  }

  #fetch(...request: Parameters<Network["fetch"]>): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    this.scheduler.soon(() => {
      begin(() => this.#host.fetch(...request)).then(
        (response) => this.scheduler.soon(() => resolve(response)),
        (error: unknown) => this.scheduler.soon(() => reject(error)),
      );
    });
    return promise;
  }
}

/** So that an `act` that throws at once rejects like one that throws later. */
async function begin<T>(act: () => T | Promise<T>): Promise<T> {
  return act();
}
