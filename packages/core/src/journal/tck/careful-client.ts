// A user of the journal that draws from every answer, error and silence exactly the conclusions the laws allow, and
// keeps account of them. What it concluded is compared with the log in the end: were a conclusion wrong, the journal
// would have broken J6 or J7.
import assert from "node:assert/strict";
import { type Journal, JournalError, type Row } from "../journal.ts";
import { recordOf, rowOf } from "./rows.ts";

/** "open": it may be in the log or come into it; the next take-over of its partition settles that. */
export type Verdict = "acknowledged" | "denied" | "open";

type Outcome<T> = { readonly kind: "answered"; readonly value: T } | { readonly kind: "denied" } | { readonly kind: "open" };

/** Far more than any schedule of faults needs; a client that needs more makes no progress. */
const attemptsMax = 100;

export interface CarefulClientOptions {
  /** How an outcome that is open is settled. "reread" forgets the new epoch: a mistake that the faults must reveal. */
  readonly settle?: "take over, then reread" | "reread";
}

interface Holding {
  epoch: number;
  head: number;
  /** Offset of the newest record known, of the one entity that the partition has. */
  last: number;
}

const silence = Symbol("silence");

export class CarefulClient {
  readonly verdicts = new Map<string, { readonly partition: number; verdict: Verdict }>();
  readonly #journal: Journal;
  readonly #settle: NonNullable<CarefulClientOptions["settle"]>;
  readonly #holdings = new Map<number, Holding>();
  #giveUp: () => void = () => {};

  constructor(journal: Journal, options: CarefulClientOptions = {}) {
    this.#journal = journal;
    this.#settle = options.settle ?? "take over, then reread";
  }

  /** The call under way will not be answered; in place of a time-out. */
  hangs(): void {
    this.#giveUp();
  }

  /** Takes the partition over and rereads it under the new epoch; settles what is open there. */
  async own(partition: number): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const state = (await this.#surely(() => this.#journal.partitions()))[partition];
      assert(state);
      const outcome = await this.#attempt(() => this.#journal.takeOver(partition, state.epoch));
      if (outcome.kind === "answered" && outcome.value.taken) return this.#reread(partition, outcome.value.epoch);
    }
    assert.fail(`partition ${partition} was not taken in ${attemptsMax} attempts`);
  }

  /** One row per partition, a record per id. */
  async append(...wanted: readonly (readonly [partition: number, ids: readonly string[]])[]): Promise<void> {
    const rows = wanted.map(([partition, ids]): Row => {
      const { epoch, head, last } = this.#holding(partition);
      const records = ids.map((id, i) => recordOf(entityOf(partition), id, i === 0 ? last : head + i - 1, { version: head + i + 1 }));
      for (const id of ids) this.verdicts.set(id, { partition, verdict: "open" });
      return rowOf(partition, head, epoch, records);
    });
    const outcome = await this.#attempt(() => this.#journal.append(rows));
    for (const [i, [partition, ids]] of wanted.entries()) {
      if (outcome.kind === "denied") this.#conclude(ids, "denied");
      else if (outcome.kind === "open") await this.#settleOpen(partition);
      else if (outcome.value[i] === "written") {
        this.#conclude(ids, "acknowledged");
        const holding = this.#holding(partition);
        holding.head += ids.length;
        holding.last = holding.head - 1;
      } else {
        this.#conclude(ids, "denied");
        await this.own(partition);
      }
    }
  }

  /** Stores an index and a snapshot of everything known of the partition. A cache: no outcome calls for anything. */
  async index(partition: number): Promise<void> {
    const { epoch, head, last } = this.#holding(partition);
    if (last < 0) return;
    const key = entityOf(partition);
    await this.#attempt(() =>
      this.#journal.index({
        partition,
        epoch,
        indexedTo: head,
        entities: [{ type: "counter", key, version: last + 1, last }],
        snapshots: [{ type: "counter", key, offset: last, body: String(last) }],
        alarms: [{ type: "counter", key, due: last }],
      }),
    );
  }

  /** Moves a cursor on, step by step, and never back, whatever arrives late; only what was answered must show. */
  async follow(stream: string, steps: number): Promise<void> {
    let moved = 0;
    for (let offset = 1; offset <= steps; offset++) {
      const outcome = await this.#attempt(() => this.#journal.moveCursors([{ stream, offset }]));
      if (outcome.kind === "answered") moved = offset;
      const found = (await this.#surely(() => this.#journal.cursors())).find((cursor) => cursor.stream === stream)?.offset ?? 0;
      assert(found >= moved && found <= offset, `the cursor is at ${found}, it was moved to ${moved}, of ${offset}`);
      if (outcome.kind === "denied") assert(found < offset, `the move to ${offset} was denied`);
    }
  }

  /** Parks a letter and discards it; what was answered must show. */
  async park(stream: string): Promise<void> {
    const letter = { stream, place: 7, since: 1, contract: "c", command: "do", key: "k", input: "{}", code: "DEFECT", reason: "test" };
    const parked = await this.#attempt(() => this.#journal.park(letter));
    const listed = async (): Promise<boolean> =>
      (await this.#surely(() => this.#journal.deadLetters(undefined, 1_000))).some((found) => found.stream === stream);
    if (parked.kind !== "open") assert.equal(await listed(), parked.kind === "answered");
    const discarded = await this.#attempt(() => this.#journal.discard(stream, 7));
    if (parked.kind === "answered" && discarded.kind === "answered") assert.equal(discarded.value, true);
    if (parked.kind !== "open" && discarded.kind !== "open")
      assert.equal(await listed(), parked.kind === "answered" && discarded.kind === "denied");
  }

  /** Recovers the partition's entity as a runtime would, and compares it with what is known to be in the log. */
  async recover(partition: number): Promise<void> {
    const { last } = this.#holding(partition);
    const { snapshot } = await this.#surely(() => this.#journal.lookup(partition, "counter", entityOf(partition)));
    const from = snapshot?.offset ?? -1;
    const alarms = await this.#surely(() => this.#journal.alarms(undefined, 10_000));
    const due = alarms.find(({ key }) => key === entityOf(partition))?.due ?? -1;
    assert(due >= from, "alarms and snapshots commit together"); // higher: a late index came between the two questions
    if (last < 0) return;
    const { offsets } = await this.#surely(() => this.#journal.chain(partition, last, from, 1_000, 0));
    assert.deepEqual(
      offsets,
      Array.from({ length: last - from }, (_, i) => last - i),
    );
    assert.equal((await this.#surely(() => this.#journal.records(partition, offsets))).length, offsets.length);
  }

  /** Quarantines and releases; what was answered must show. */
  async quarantine(key: string): Promise<void> {
    const kept = await this.#attempt(() => this.#journal.quarantine({ type: "counter", key, since: 1, reason: "test" }));
    const listed = async (): Promise<boolean> => (await this.#surely(() => this.#journal.quarantined())).some((entry) => entry.key === key);
    if (kept.kind !== "open") assert.equal(await listed(), kept.kind === "answered");
    const released = await this.#attempt(() => this.#journal.release("counter", key));
    if (kept.kind === "answered" && released.kind === "answered") assert.equal(released.value, true);
    if (kept.kind !== "open" && released.kind !== "open")
      assert.equal(await listed(), kept.kind === "answered" && released.kind === "denied");
  }

  async #settleOpen(partition: number): Promise<void> {
    if (this.#settle === "take over, then reread") await this.own(partition);
    else await this.#reread(partition, this.#holding(partition).epoch);
  }

  async #reread(partition: number, epoch: number): Promise<void> {
    const found = new Set<string>();
    let head = 0;
    for (let from: number | undefined = 0; from !== undefined;) {
      const start: number = from;
      const page = await this.#surely(() => this.#journal.read(partition, start, 400));
      for (const row of page.rows) {
        for (const line of row.body.split("\n")) found.add((JSON.parse(line) as { readonly id: string }).id);
        head = row.offset + row.count;
      }
      from = page.next;
    }
    this.#holdings.set(partition, { epoch, head, last: head - 1 });
    for (const [id, account] of this.verdicts) {
      if (account.partition === partition && account.verdict === "open") account.verdict = found.has(id) ? "acknowledged" : "denied";
    }
  }

  #holding(partition: number): Holding {
    const holding = this.#holdings.get(partition);
    assert(holding, `partition ${partition} is owned before it is used`);
    return holding;
  }

  #conclude(ids: readonly string[], verdict: Verdict): void {
    for (const id of ids) (this.verdicts.get(id) as { verdict: Verdict }).verdict = verdict;
  }

  async #attempt<T>(call: () => Promise<T>): Promise<Outcome<T>> {
    const given = Promise.withResolvers<typeof silence>();
    this.#giveUp = () => given.resolve(silence);
    try {
      const value = await Promise.race([call(), given.promise]);
      return value === silence ? { kind: "open" } : { kind: "answered", value };
    } catch (error) {
      assert(error instanceof JournalError, "a rejected promise is a JournalError");
      return error.kind === "ambiguous" || error.kind === "damaged" ? { kind: "open" } : { kind: "denied" };
    }
  }

  /** For calls that change nothing: again until there is an answer. */
  async #surely<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const outcome = await this.#attempt(call);
      if (outcome.kind === "answered") return outcome.value;
    }
    return assert.fail(`no answer in ${attemptsMax} attempts`);
  }
}

/** The one entity of a partition. */
export const entityOf = (partition: number): string => `entity-${partition}`;
