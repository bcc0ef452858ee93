// What `simulate` rejects with: the message for people, and the same as data for whoever keeps or shows it.
import { AssertionError } from "node:assert";
import type { Phases } from "./phases.ts";
import type { Schedule } from "./schedule.ts";

export interface FailingSeedInit {
  readonly message: string;
  readonly seed: number;
  readonly law: string;
  readonly schedule: Schedule;
  readonly phases: Phases;
  readonly story: readonly string[];
  readonly cause: unknown;
}

export class FailingSeed extends AssertionError {
  readonly seed: number;
  /** What broke first: a law by its name, or what the scenario threw and where. */
  readonly law: string;
  /** The smallest that was found to break it; `simulate(system, { seed, schedule }, …)` does so again. */
  readonly schedule: Schedule;
  readonly phases: Phases;
  /** Of the run of that schedule, one entry a line: virtual ms, event, who, what. */
  readonly story: readonly string[];

  constructor({ message, seed, law, schedule, phases, story, cause }: FailingSeedInit) {
    super({ message, operator: "simulate" });
    this.seed = seed;
    this.law = law;
    this.schedule = schedule;
    this.phases = phases;
    this.story = story;
    if (cause !== undefined) this.cause = cause;
  }
}
