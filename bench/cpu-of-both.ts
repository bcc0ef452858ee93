// CPU time of this process and another one together, all threads, for each of the operations that they did between them. It
// hardly depends on what else the machine does, so it compares across runs.
import { spawnSync } from "node:child_process";
import type { Served } from "./child.ts";
import { type Sample, sampleOf } from "./measure.ts";

export class CpuOfBoth {
  readonly #server: Served;
  #perRound: number[] = [];
  #usedUs = 0;
  #operations = 0;

  constructor(server: Served) {
    this.#server = server;
  }

  /** `operations`: does them, and says how many. Forgets the round that does not count. */
  async ofRound(round: number, operations: () => Promise<number>): Promise<void> {
    if (round <= 1) {
      this.#perRound = [];
      this.#usedUs = this.#operations = 0;
    }
    globalThis.gc?.(); // nobody pays for the garbage of the side before
    const beganUs = await this.#now();
    const done = await operations();
    const usedUs = (await this.#now()) - beganUs;
    this.#usedUs += usedUs;
    this.#operations += done;
    this.#perRound.push(usedUs / done);
  }

  /** Microseconds of an operation, over all rounds that count. */
  get perOperation(): number {
    return this.#usedUs / this.#operations;
  }

  /** The same, a figure a round. */
  get sample(): Sample {
    return sampleOf(this.#perRound);
  }

  async #now(): Promise<number> {
    const { user, system } = process.cpuUsage();
    return user + system + (await this.#server.cpuUs());
  }
}

/** Puts all threads of these processes on one core, for as long as they live. False where that cannot be done. */
export const pin = (pids: readonly number[]): boolean => pids.every((pid) => spawnSync("taskset", ["-acp", "0", String(pid)]).status === 0);
