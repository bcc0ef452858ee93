// A stage for tests of the machine: a journal in memory, targets that apply each command id once and answer as told, and a
// process that may die at any record, before or after it is written.
import { nodeScheduler } from "../src/runtime/node/scheduler.ts";
import type { AnySaga } from "../src/saga/definition.ts";
import type { SagaEvent } from "../src/saga/event.ts";
import { SagaMachine } from "../src/saga/machine.ts";
import type { Ask, Asked, Stage } from "../src/saga/stage.ts";
import { evolve, unstarted, type SagaState } from "../src/saga/state.ts";

/** Dies when it would write record `at` (from 0): with it, or without. */
export interface Death {
  readonly at: number;
  readonly written: boolean;
}

export interface TheatreHow {
  readonly input?: unknown;
  /** What a step or undo ("a/1", "a/1.undo") comes to; a reply of its id by default. "never": no answer at all. */
  readonly answer?: (id: string) => Asked | "never";
  readonly deaths?: readonly Death[];
  /** How many hand-overs an answer takes. */
  readonly delay?: (id: string) => number;
  readonly rehearse?: boolean;
}

const scheduler = nodeScheduler((error) => {
  throw error;
});

/** One turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => scheduler.endOfTurn(resolve));

export class Theatre {
  readonly records: (readonly SagaEvent[])[] = [];
  /** Every ask, repeated ones too. */
  readonly asks: { readonly id: string; readonly minted: number; readonly durable: readonly SagaEvent[]; readonly told: SagaState }[] = [];
  /** The ids that targets applied, in the order in which they did. */
  readonly effects: string[] = [];
  readonly hurried: string[] = [];
  now = 1_000;
  lives = 0;
  readonly #saga: AnySaga;
  readonly #how: TheatreHow;
  readonly #answers = new Map<string, Asked | "never">();
  readonly #over = Promise.withResolvers<void>();
  #written = 0;
  #machine: SagaMachine | undefined;
  /** Called whenever everything is at rest in memory: sleeps, waits. */
  onIdle: (theatre: this) => void = () => {};

  constructor(saga: AnySaga, how: TheatreHow = {}) {
    this.#saga = saga;
    this.#how = how;
  }

  get journal(): readonly SagaEvent[] {
    return this.records.flat();
  }

  get state(): SagaState {
    return this.journal.reduce((state, event) => evolve(state, event, "somebody"), unstarted);
  }

  /** Runs until the saga has ended or is parked. */
  async play(): Promise<this> {
    const { input } = this.#how;
    const start: SagaEvent = { kind: "Started", at: this.now, run: "run", version: 1, ...(input === undefined ? {} : { input }) };
    this.records.push([start]);
    this.#live();
    await this.#over.promise;
    return this;
  }

  /** A signal, or what an operator does, while the machine is in memory or not. */
  outside(event: SagaEvent): void {
    if (this.#machine) this.#machine.outside({ kind: "outside", event } as never);
    else {
      this.records.push([event]);
      this.#live();
    }
  }

  /** The process dies here and now, and another one takes over. */
  die(): void {
    this.#machine = undefined;
    this.#live();
  }

  /** Time passes: what has an alarm wakes. */
  pass(ms: number): void {
    this.now += ms;
    if (this.#machine) this.#machine.clock();
    else this.#live();
  }

  #live(): void {
    this.lives += 1;
    const { state } = this;
    const life: Stage & { machine?: SagaMachine } = {
      now: () => this.now,
      afterwards: (task) =>
        scheduler.endOfTurn(() => {
          if (alive()) task();
        }),
      record: (events) => this.#soon(1, alive, () => this.#write(events, life.machine as SagaMachine)),
      submit: (outside) =>
        this.#soon(1, alive, () => {
          const { event } = outside as unknown as { readonly event: SagaEvent };
          this.records.push([event]);
          life.machine?.submitted(event);
        }),
      ask: (ask) => this.#ask(ask, life.machine as SagaMachine, alive),
      hurry: (ask) => void this.hurried.push(short(ask.id)),
      wakeAt: () => {},
      idle: () => {
        if (!alive()) return;
        this.#machine = undefined;
        const { phase } = this.state;
        if (phase === "ended" || phase === "parked") this.#over.resolve();
        else this.onIdle(this);
      },
    };
    const alive = (): boolean => life.machine === undefined || this.#machine === life.machine;
    const init = {
      saga: this.#saga,
      key: "k",
      state,
      fresh: this.lives === 1,
      stage: life,
      owner: "owner",
      rehearse: this.#how.rehearse ?? true,
    };
    life.machine = this.#machine = new SagaMachine(init);
    this.#machine.begin();
  }

  #write(events: readonly SagaEvent[], machine: SagaMachine): void {
    const death = this.#how.deaths?.find(({ at }) => at === this.#written);
    this.#written += 1;
    this.now += 1;
    if (!death || death.written) this.records.push(events);
    if (!death) return machine.recorded();
    const { phase } = this.state;
    this.#machine = undefined;
    if (phase === "ended" || phase === "parked") this.#over.resolve();
    else this.#live();
  }

  #ask(ask: Ask, machine: SagaMachine, alive: () => boolean): void {
    const id = short(ask.id);
    this.asks.push({ id, minted: ask.minted, durable: this.journal, told: machine.state });
    if (!this.#answers.has(id)) {
      const answer = this.#how.answer?.(id) ?? { kind: "reply", reply: id };
      this.#answers.set(id, answer);
      if (answer === "never" || answer.kind === "reply") this.effects.push(id);
    }
    const answer = this.#answers.get(id) as Asked | "never";
    if (answer !== "never") this.#soon(1 + (this.#how.delay?.(id) ?? 0), alive, () => machine.asked(ask, answer));
  }

  #soon(hops: number, alive: () => boolean, task: () => void): void {
    scheduler.endOfTurn(() => {
      if (!alive()) return;
      if (hops > 1) this.#soon(hops - 1, alive, task);
      else task();
    });
  }
}

/** Without the run in front. */
const short = (id: string): string => id.slice("run/".length);
