// The stage of a given / when / then for sagas: the machine that production runs, a journal in memory, parties that answer as
// the test tells, and a clock that jumps to whatever the saga waits for.
import { Failure, milliseconds, type At } from "@atoll/core";
import type { AnyOpRef } from "@atoll/core/contract";
import { nodeRuntime } from "@atoll/core/runtime/node";
import {
  carriedOut,
  evolve,
  SagaMachine,
  unstarted,
  type AnySaga,
  type Ask,
  type Outside,
  type SagaEvent,
  type SagaState,
  type Stage,
} from "@atoll/core/saga";
import { stageBook } from "./stage-book.ts";

/** What a step, or the undo of one, comes to. */
export type Told =
  | { readonly kind: "reply"; readonly value: unknown }
  | { readonly kind: "rejection"; readonly name: string; readonly details: unknown }
  /** It stays unknown whether it took place, until its budget is spent. */
  | { readonly kind: "unknown" };

export interface Script {
  readonly key: string;
  readonly input: unknown;
  readonly caller: string;
  readonly now: number;
  /** By "STEP/N" and "STEP/N.undo". */
  readonly told: ReadonlyMap<string, Told>;
  /** Come one after the other, each when the saga waits. */
  readonly signals: readonly { readonly signal: string; readonly input: unknown }[];
}

export interface Played {
  readonly state: SagaState;
  readonly journal: readonly SagaEvent[];
  /** Steps and undos as they were asked, with what they asked of whom. */
  readonly asked: readonly { readonly id: string; readonly calls: readonly string[] }[];
  /** What the test has told of and nothing asked for. */
  readonly unheard: readonly string[];
}

/** Waits of one saga: more is a saga that goes round in a circle. */
const waitsMax = 10_000;

export class SagaStage implements Stage {
  readonly #script: Script;
  readonly #journal: SagaEvent[] = [];
  readonly #asked: { readonly id: string; readonly calls: string[] }[] = [];
  readonly #unheard: Set<string>;
  readonly #signals: Script["signals"][number][];
  readonly #over = Promise.withResolvers<Played>();
  readonly #scheduler = nodeRuntime({ logger: { log: () => {} } }).scheduler;
  #machine: SagaMachine | undefined;
  #now: number;
  #waits = 0;

  private constructor(script: Script) {
    this.#script = script;
    this.#now = script.now;
    this.#unheard = new Set(script.told.keys());
    this.#signals = [...script.signals];
  }

  /** Runs until the saga has ended or is parked. Rejects with what the test has told wrong. */
  static play(saga: AnySaga, script: Script): Promise<Played> {
    const stage = new SagaStage(script);
    const { input, caller, key, now } = script;
    const started: SagaEvent = {
      kind: "Started",
      at: now,
      run: "given",
      version: saga.how.version,
      ...(input === undefined ? {} : { input }),
    };
    stage.#journal.push(started);
    const state = evolve(unstarted, started, caller);
    stage.#machine = new SagaMachine({ saga, key, state, fresh: true, stage, owner: saga.how.owner ?? "its service", rehearse: true });
    stage.#machine.begin();
    return stage.#over.promise;
  }

  now(): number {
    return this.#now;
  }

  afterwards(task: () => void): void {
    this.#scheduler.endOfTurn(task);
  }

  record(events: readonly SagaEvent[]): void {
    this.#journal.push(...events);
    this.afterwards(() => this.#machine?.recorded());
  }

  submit(outside: Outside): void {
    const event = (outside as Outside & { readonly event: SagaEvent }).event;
    this.#journal.push(event);
    this.afterwards(() => this.#machine?.submitted(event));
  }

  ask(ask: Ask): void {
    void this.#ask(ask);
  }

  hurry(): void {}

  wakeAt(): void {}

  idle(): void {
    const state = this.#machine?.state ?? unstarted;
    if (state.phase !== "suspended" || (this.#waits += 1) > waitsMax) {
      this.#over.resolve({
        state,
        journal: this.#journal,
        asked: this.#asked,
        unheard: [...this.#unheard, ...this.#signals.map(({ signal }) => `signal ${signal}`)],
      });
      return;
    }
    const next = this.#signals.shift();
    if (next) {
      const event: SagaEvent = { kind: "Signalled", at: this.#now, ...next };
      this.#machine?.outside({ kind: "outside", event } as Outside);
    } else {
      this.#now = Math.max(this.#now, state.wakeAt ?? 0);
      this.#machine?.clock();
    }
  }

  async #ask(ask: Ask): Promise<void> {
    const id = `${ask.step}/${ask.n}${ask.kind === "undo" ? ".undo" : ""}`;
    const told = this.#script.told.get(id);
    this.#unheard.delete(id);
    const calls: string[] = [];
    this.#asked.push({ id, calls });
    const unions = new WeakSet<object>();
    let wrong: unknown;
    const at = this.#party(id, told, calls, unions, (error) => (wrong ??= error));
    const asked = await carriedOut(ask, at, (value) => unions.has(value));
    if (wrong !== undefined) return this.#over.reject(wrong);
    this.afterwards(() => this.#machine?.asked(ask, asked.kind === "failure" ? { ...asked, acted: true } : asked));
  }

  /** The address book of one step: whoever is asked answers as told. */
  #party(id: string, told: Told | undefined, calls: string[], unions: WeakSet<object>, refuse: (error: unknown) => void): At {
    const answer = (to: AnyOpRef, key: unknown, input: unknown): unknown => {
      const address = `${to.contract.$.name}${to.contract.$.keyed ? `/${String(key)}` : ""}.${to.name}`;
      calls.push(`${address}${input === undefined ? "" : ` ${JSON.stringify(input)}`}`);
      to.contract.$.checkKey(key);
      to.checks.input(input);
      if (told?.kind === "unknown") throw new Failure("UNKNOWN_OUTCOME", { what: "the test says so", at: address });
      if (told?.kind === "rejection") return noted({ rejected: told.name, details: to.checks.rejection(told.name, told.details) });
      if (told === undefined && to.operation.out !== undefined)
        throw new Failure("INVALID_REPLY", { what: `step "${id}" needs a reply: tell it with .step("${id}").replies(…)`, at: address });
      const reply = to.checks.reply(told?.value);
      return to.operation.rejects === undefined ? reply : noted({ rejected: undefined, reply });
    };
    const noted = (union: object): object => {
      unions.add(union);
      return union;
    };
    return stageBook((to, key, input, options) => {
      if (options?.within !== undefined) milliseconds(options.within);
      return new Promise((resolve) => resolve(answer(to, key, input))).catch((error: unknown) => {
        if (!(error instanceof Failure) || error.code !== "UNKNOWN_OUTCOME") refuse(error);
        throw error;
      });
    });
  }
}
