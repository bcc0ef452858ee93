// The epochs of a log as its take-overs change them (J3, J7), and what must hold whenever one does.
import assert from "node:assert/strict";

/** A node, as far as the log and its laws are concerned. */
export interface Writer {
  readonly name: string;
  readonly incarnation: string;
  readonly alive: boolean;
  readonly paused: boolean;
  /** It has the log open. */
  readonly hosts: boolean;
  /** The epoch under which it owns the partition. */
  epochOf(partition: number): number | undefined;
  /** The newest grant that it has acted upon. */
  grantOf(partition: number): number;
}

export class LogModel {
  /** How often what was reached. */
  readonly marks = new Map<string, number>();
  readonly #epochs: number[];
  readonly #takers = new Map<string, string>();
  readonly #nodes: readonly Writer[];
  readonly #isExcused: (node: Writer, partition: number) => boolean;

  /** `isExcused`: there is a cause to take the partition from this node although it lives. */
  constructor(partitions: number, nodes: readonly Writer[], isExcused: (node: Writer, partition: number) => boolean) {
    this.#epochs = Array.from({ length: partitions }, (_, p) => p % 3); // it was used before
    this.#nodes = nodes;
    this.#isExcused = isExcused;
  }

  /** Somebody has it open, and answers. */
  get isOpen(): boolean {
    return this.#nodes.some(({ hosts, paused }) => hosts && !paused);
  }

  get epochs(): readonly number[] {
    return [...this.#epochs];
  }

  epochOf(partition: number): number {
    return this.#epochs[partition] ?? 0;
  }

  takeOver(taker: Writer, partition: number, seen: number, to: number): { readonly taken: boolean; readonly epoch: number } {
    const epoch = this.epochOf(partition);
    assert(to > seen, "J3: a take-over raises the epoch");
    if (epoch !== seen) return { taken: false, epoch };
    const owner = this.#nodes.find((node) => node !== taker && node.alive && node.epochOf(partition) === epoch);
    assert(owner === undefined || this.#isExcused(owner, partition), "a partition is taken over only with cause");
    this.#epochs[partition] = to;
    this.#takers.set(`${partition}@${to}`, taker.incarnation);
    return { taken: true, epoch: to };
  }

  reached(mark: string): void {
    this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
  }

  /** At most one owns the present epoch, and it is the one who took it. */
  check(): void {
    for (const [partition, epoch] of this.#epochs.entries()) {
      const owners = this.#nodes.filter((node) => node.alive && node.epochOf(partition) === epoch);
      assert(owners.length <= 1, `one writer: ${owners.map(({ name }) => name).join(" and ")} own ${partition} at ${epoch}`);
      for (const { incarnation } of owners) assert.equal(this.#takers.get(`${partition}@${epoch}`), incarnation);
    }
  }
}
