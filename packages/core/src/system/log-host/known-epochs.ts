// What the process that has a log open knows of its epochs: everything goes through it, so it mostly need not ask. Not certain
// is what a take-over without an answer may have done, or may yet do. It can, as long as the epoch that it saw is the current
// one (J3): so a higher one that is known to be current ends the doubt. What an earlier process has left behind counts as such a take-over.

interface Standing {
  epoch: number;
  /** Take-overs under way. */
  open: number;
  /** Highest epoch seen by a take-over whose outcome is not known. */
  doubted: number;
}

export class KnownEpochs {
  readonly #standings: Standing[];

  /** As they are when the log has been opened. */
  constructor(epochs: readonly number[]) {
    this.#standings = epochs.map((epoch) => ({ epoch, open: 0, doubted: epoch }));
  }

  get all(): readonly number[] {
    return this.#standings.map(({ epoch }) => epoch);
  }

  /** Whether the epoch is the current one; undefined: the log has to be asked. */
  isCurrent(partition: number, epoch: number): boolean | undefined {
    const standing = this.#of(partition);
    if (standing.epoch > epoch) return false;
    if (standing.open > 0 || standing.doubted >= standing.epoch) return undefined;
    return standing.epoch === epoch;
  }

  /** The log says that it was the current one. */
  learn(partition: number, epoch: number): void {
    const standing = this.#of(partition);
    standing.epoch = Math.max(standing.epoch, epoch);
  }

  begin(partition: number): void {
    this.#of(partition).open += 1;
  }

  /** It was answered: `epoch` is the current one. Or it certainly did nothing: undefined. */
  end(partition: number, epoch: number | undefined): void {
    this.#of(partition).open -= 1;
    if (epoch !== undefined) this.learn(partition, epoch);
  }

  /** Its outcome is not known. */
  doubt(partition: number, seen: number): void {
    const standing = this.#of(partition);
    standing.open -= 1;
    standing.doubted = Math.max(standing.doubted, seen);
  }

  #of(partition: number): Standing {
    return this.#standings[partition] as Standing;
  }
}
