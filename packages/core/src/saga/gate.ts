// The gate between what a saga has decided and the world (S2): events go into the journal in order, one record at a time, and an
// ask passes when everything that was decided before it is on disk.
import type { SagaEvent } from "./event.ts";
import type { Ask, Stage } from "./stage.ts";

export class Gate {
  /** Let through and not answered yet, by id. */
  readonly asks = new Map<string, Ask>();
  readonly #stage: Pick<Stage, "record" | "ask">;
  readonly #held: { readonly ask: Ask; readonly after: number }[] = [];
  #unrecorded: SagaEvent[] = [];
  /** Events, counted since the saga came into memory: decided, given to the journal, on disk. */
  #decided = 0;
  #recording = 0;
  #durable = 0;

  constructor(stage: Pick<Stage, "record" | "ask">) {
    this.#stage = stage;
  }

  /** Whether everything that was decided is on disk. */
  get durable(): boolean {
    return this.#durable === this.#decided;
  }

  /** Whether something is asked for, or will be. */
  get asking(): boolean {
    return this.asks.size + this.#held.length > 0;
  }

  decide(event: SagaEvent): void {
    this.#decided += 1;
    this.#unrecorded.push(event);
  }

  hold(ask: Ask): void {
    this.#held.push({ ask, after: this.#decided });
  }

  /** What has not been let through never will be. */
  close(): void {
    this.#held.length = 0;
  }

  /** Gives the journal what it has not got yet, and lets through what may pass. */
  open(): void {
    if (this.#unrecorded.length > 0 && this.#recording === this.#durable) {
      const events = this.#unrecorded;
      this.#unrecorded = [];
      this.#recording += events.length;
      this.#stage.record(events);
    }
    for (let held = this.#held[0]; held && held.after <= this.#durable; held = this.#held[0]) {
      this.#held.shift();
      this.asks.set(held.ask.id, held.ask);
      this.#stage.ask(held.ask);
    }
  }

  /** What was last given to the journal is on disk. */
  recorded(): void {
    this.#durable = this.#recording;
    this.open();
  }
}
