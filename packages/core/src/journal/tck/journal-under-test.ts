// What an implementation of the journal provides so that the conformance suite can run against it, and the frame in
// which every law is tested: a fresh journal each, cleaned up whatever happens.
import { test } from "node:test";
import type { Timers } from "../../runtime/index.ts";
import type { Journal, JournalStore } from "../journal.ts";

export interface JournalUnderTest {
  /** The store as the living process sees it; after `crash`, as its successor does. */
  store(): JournalStore;
  /**
   * Loses the process: what it had under way is in the log or is not, its answers do not matter any more. Resolves when
   * a successor may open the journal and nothing of the dead process can arrive.
   */
  crash(): Promise<void>;
  /** For injected faults that take time: those of the living process. */
  timers(): Timers;
  /** Makes the row that holds this record unreadable; called while no journal is open. */
  damage(service: string, partition: number, offset: number): Promise<void>;
  /** Ends everything that is open and removes what was stored. */
  cleanup(): Promise<void>;
}

export interface JournalTckOptions {
  /** One process at a time can have a service's journal open. False where several share one through a log host. */
  readonly exclusive: boolean;
  /** It has `confirm`. */
  readonly confirms: boolean;
  /** Random histories compared with the model. */
  readonly histories: number;
  /** How often each law is tested, with another seed each time; more than 1 only where `setup` makes use of it. */
  readonly seeds: number;
}

/** Gives an empty store. An implementation that can choose its interleavings does so by the seed. */
export type Setup = (seed: number) => Promise<JournalUnderTest>;

export interface Subject {
  readonly setup: Setup;
  readonly options: JournalTckOptions;
}

/** A guard against a journal that hangs, not a demand on its speed. */
const lawTimeoutMs = 120_000;

export const service = "under-test";
export const partitionCount = 4;

/** Registers one test of a law. */
export function law(subject: Subject, title: string, check: (under: JournalUnderTest) => Promise<void>): void {
  test(title, { timeout: lawTimeoutMs }, async () => {
    for (let seed = 1; seed <= subject.options.seeds; seed++) await checkOnce(subject.setup, seed, check);
  });
}

export async function checkOnce(setup: Setup, seed: number, check: (under: JournalUnderTest) => Promise<void>): Promise<void> {
  const under = await setup(seed);
  try {
    await check(under);
  } finally {
    await under.cleanup();
  }
}

/** Like `law`, for those that begin with a new journal that is open. */
export function lawOfJournal(subject: Subject, title: string, check: (journal: Journal, under: JournalUnderTest) => Promise<void>): void {
  law(subject, title, async (under) => check(await under.store().open(service, partitionCount), under));
}
