// The form of a benchmark, and the room it is given. Each runs in a process of its own (run-one.ts), so that none is slowed
// or sped up by what another left in the heap or taught the compiler.
import type { Row } from "./measure.ts";
import type { Installation } from "./peers/install.ts";

export interface Room {
  /** Shorter rounds, smaller logs: to see whether something runs, not how fast. */
  readonly quick: boolean;
  /** Rounds of each side. */
  readonly rounds: number;
  /** An empty folder on a disk; removed afterwards. */
  readonly directory: string;
  /** Whether peers were asked for, and are there. */
  readonly peers: Installation;
}

export interface Benchmark {
  /** As `--only` takes it. */
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  load(): Promise<(room: Room) => Promise<readonly Row[]>>;
}
