// Everything of one service that lives with the partitions of its log, in the order in which it comes and goes: what acts on
// its own (sagas, deliveries, the alarm clock) leaves while the entities still answer, and the entities after it; coming, the other
// way round.
import type { Tenant } from "../journal/index.ts";

export class Tenancy implements Tenant {
  readonly #acting: () => readonly Tenant[];
  readonly #answering: () => readonly Tenant[];

  /** Both may grow: an outbox, for one, is there from its first tell on. */
  constructor(acting: () => readonly Tenant[], answering: () => readonly Tenant[]) {
    this.#acting = acting;
    this.#answering = answering;
  }

  acquired(partition: number): void {
    for (const tenant of [...this.#answering(), ...this.#acting()]) tenant.acquired(partition);
  }

  async leave(partition: number): Promise<void> {
    await Promise.all(this.#acting().map((tenant) => tenant.leave(partition)));
    await Promise.all(this.#answering().map((tenant) => tenant.leave(partition)));
  }

  lost(partition: number): void {
    for (const tenant of [...this.#acting(), ...this.#answering()]) tenant.lost(partition);
  }
}
