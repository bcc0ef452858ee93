// The property behind all laws: whatever two owners do at once, with stale knowledge, through crashes and reopenings,
// there is an order of their operations in which the trivial model gives the same answers and the same stored state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { unreachable } from "../../base/assert.ts";
import { type Journal, JournalError } from "../journal.ts";
import {
  type Act,
  type Answer,
  at,
  chainOf,
  type Model,
  type ModelPartition,
  newModel,
  offsetsOf,
  ordersOf,
  perform,
  recordsIn,
} from "./journal-model.ts";
import { checkOnce, type JournalUnderTest, service, type Setup, type Subject } from "./journal-under-test.ts";
import { readAll, recordOf, rowOf } from "./rows.ts";

const partitions = 2;
/** An entity lives in one partition, so their names differ. */
const keysOf = (partition: number): readonly string[] => [`left-${partition}`, `right-${partition}`];
const keysPerPartition = 2;
/** Fixed, so that a run repeats; a failure prints the path to its smallest history. */
const historySeed = 71_993;

/** What an owner wants; what it knows at that moment turns it into an `Act`. */
export type Wish =
  | { readonly kind: "take" | "look"; readonly owner: number; readonly partition: number }
  | {
      readonly kind: "append";
      readonly owner: number;
      readonly partition: number;
      readonly keys: readonly number[];
      readonly shift: number;
    }
  | { readonly kind: "index"; readonly owner: number; readonly partition: number; readonly back: number };

export type Step =
  | { readonly kind: "together"; readonly wishes: readonly Wish[] }
  | { readonly kind: "reopen" }
  /** The wishes are under way when the process dies. */
  | { readonly kind: "crash"; readonly wishes: readonly Wish[] };

const owner = fc.nat({ max: 1 });
const partition = fc.nat({ max: partitions - 1 });
const wish: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("take" as const), owner, partition }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("look" as const), owner, partition }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      owner,
      partition,
      keys: fc.array(fc.nat({ max: keysPerPartition - 1 }), { minLength: 1, maxLength: 3 }),
      shift: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-1, 1) }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("index" as const), owner, partition, back: fc.integer({ min: -1, max: 3 }) }) },
);
const wishes = fc.array(wish, { minLength: 1, maxLength: 3 });
const history: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: fc.constant("together" as const), wishes }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), wishes }) },
  ),
  { minLength: 1, maxLength: 25 },
);

/** An owner's idea of a partition, right or not. */
interface Known {
  epoch: number;
  head: number;
}

class History {
  readonly #under: JournalUnderTest;
  #journal: Journal;
  #model: Model;
  readonly #known: readonly (readonly Known[])[];
  #ids = 0;

  private constructor(under: JournalUnderTest, journal: Journal, model: Model) {
    this.#under = under;
    this.#journal = journal;
    this.#model = model;
    this.#known = [0, 1].map(() => model.map(({ epoch, head }) => ({ epoch, head })));
  }

  static async run(under: JournalUnderTest, steps: readonly Step[]): Promise<void> {
    const journal = await under.store().open(service, partitions);
    const run = new History(under, journal, newModel(await journal.partitions()));
    for (const step of steps) await run.#step(step);
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case "together": {
        const acts = step.wishes.map((wanted) => this.#actOf(wanted));
        const answers = await Promise.all(acts.map((act) => answerOf(this.#journal, act)));
        await this.#adopt(acts, answers);
        step.wishes.forEach((wanted, i) => this.#learn(wanted, acts[i] as Act, answers[i] as Answer));
        return;
      }
      case "reopen":
        await this.#journal[Symbol.asyncDispose]();
        this.#journal = await this.#under.store().open(service, partitions);
        return this.#adopt([], []);
      case "crash": {
        const acts = step.wishes.map((wanted) => this.#actOf(wanted));
        void Promise.allSettled(acts.map((act) => answerOf(this.#journal, act)));
        await this.#under.crash();
        this.#journal = await this.#under.store().open(service, partitions);
        return this.#adopt(acts, undefined);
      }
    }
  }

  #actOf(wanted: Wish): Act {
    const p = wanted.partition;
    const keys = keysOf(p);
    const known = this.#known[wanted.owner]?.[p] as Known;
    const now = at(this.#model, p);
    const records = recordsIn(now);
    switch (wanted.kind) {
      case "look":
        return { kind: "look", partition: p };
      case "take":
        return { kind: "take", partition: p, seen: known.epoch };
      case "append": {
        const offset = Math.max(0, known.head + wanted.shift);
        const last = new Map(keys.map((key) => [key, offsetsOf(records, key, offset)[0]]));
        const added = wanted.keys.map((k, i) => {
          const key = keys[k] as string;
          const record = recordOf(key, `id${this.#ids++}`, last.get(key) ?? -1, { version: offset + i });
          last.set(key, offset + i);
          return record;
        });
        return { kind: "append", row: rowOf(p, offset, known.epoch, added) };
      }
      case "index": {
        const indexedTo = Math.max(0, known.head - wanted.back);
        const entities = keys.flatMap((key) => {
          const [last] = offsetsOf(records, key, indexedTo);
          return last === undefined ? [] : [{ type: "counter", key, version: last + 1, last }];
        });
        const snapshots = entities.map(({ type, key, last }) => ({ type, key, offset: last, body: `"${indexedTo}"` }));
        const alarms = entities.map(({ type, key, last }) => ({ type, key, due: last % 3 === 0 ? null : last }));
        return { kind: "index", update: { partition: p, epoch: known.epoch, indexedTo, entities, snapshots, alarms } };
      }
      default:
        return unreachable(wanted, "a history");
    }
  }

  /** Finds an order that explains what was answered (undefined: the process died) and what is stored now. */
  async #adopt(acts: readonly Act[], answers: readonly Answer[] | undefined): Promise<void> {
    const stored = await storedIn(this.#journal);
    for (const order of ordersOf([...acts.keys()], answers !== undefined)) {
      let model = this.#model;
      const explains = order.every((i) => {
        const [next, answer] = perform(model, acts[i] as Act);
        model = next;
        return answers === undefined || isDeepStrictEqual(answer, answers[i]);
      });
      if (!explains || !isDeepStrictEqual(model, stored)) continue;
      this.#model = model;
      return this.#checkChains();
    }
    assert.fail(
      `no order of ${JSON.stringify(acts)} from ${JSON.stringify(this.#model)} answers ${JSON.stringify(answers)} and leaves ${JSON.stringify(stored)}`,
    );
  }

  #learn(wanted: Wish, act: Act, answer: Answer): void {
    const known = this.#known[wanted.owner]?.[wanted.partition] as Known;
    if (act.kind === "take" && typeof answer === "object") {
      known.epoch = answer.epoch;
      known.head = at(this.#model, act.partition).head;
    } else if (act.kind === "look" && typeof answer === "object" && "head" in answer) {
      known.epoch = answer.epoch;
      known.head = answer.head;
    } else if (act.kind === "append" && answer === "written") {
      known.head = act.row.offset + act.row.count;
    }
  }

  async #checkChains(): Promise<void> {
    for (const [p, now] of this.#model.entries()) {
      const records = recordsIn(now);
      for (const key of keysOf(p)) {
        const [last] = offsetsOf(records, key, now.head);
        if (last === undefined) continue;
        assert.deepEqual((await this.#journal.chain(p, last, -1, 1_000, 0)).offsets, chainOf(records, last));
        const lines = await this.#journal.records(p, [last]);
        assert.deepEqual(JSON.parse(lines[0] as string), records[last]);
      }
    }
  }
}

async function answerOf(journal: Journal, act: Act): Promise<Answer> {
  switch (act.kind) {
    case "take":
      return journal.takeOver(act.partition, act.seen);
    case "look":
      return (await journal.partitions())[act.partition] as Answer;
    case "append":
      return (await journal.append([act.row]))[0] as Answer;
    case "index":
      try {
        return await journal.index(act.update);
      } catch (error) {
        // An update that claims more than the log holds may be refused as well as ignored.
        if (error instanceof JournalError && error.kind === "refused") return false;
        throw error;
      }
    default:
      return unreachable(act, "a history");
  }
}

/** Everything the journal shows, in the form of the model. */
async function storedIn(journal: Journal): Promise<Model> {
  const states = await journal.partitions();
  const alarms = await journal.alarms(undefined, 1_000);
  return Promise.all(
    states.map(async ({ epoch, head, indexedTo }, p): Promise<ModelPartition> => {
      const found = await Promise.all(keysOf(p).map(async (key) => [key, await journal.lookup(p, "counter", key)] as const));
      for (const [key, { entry, snapshot }] of found)
        assert(journal.mayHold(p, "counter", key) || (entry ?? snapshot) === undefined, `J13: ${key} is denied and found`);
      return {
        epoch,
        head,
        indexedTo,
        rows: await readAll(journal, p, 500),
        entries: Object.fromEntries(found.flatMap(([key, { entry }]) => (entry ? [[key, entry]] : []))),
        snapshots: Object.fromEntries(found.flatMap(([key, { snapshot }]) => (snapshot ? [[key, snapshot]] : []))),
        alarms: Object.fromEntries(alarms.flatMap(({ partition: of, key, due }) => (of === p ? [[key, due]] : []))),
      };
    }),
  );
}

/** Runs random histories; rejects with the smallest one that no order of the model explains. */
export async function checkHistories(setup: Setup, histories: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(history, fc.nat({ max: 1_000_000 }), (steps, seed) => checkOnce(setup, seed, (under) => History.run(under, steps))),
    { numRuns: histories, seed: historySeed },
  );
}

export function modelLaws(subject: Subject): void {
  const { histories } = subject.options;
  test(`J1 to J10: ${histories} random histories of two owners, with crashes, are explained by the model`, { timeout: 600_000 }, () =>
    checkHistories(subject.setup, histories),
  );
}
