// J6 and J7 under injected faults: a fixed piece of work is done once for every operation, every kind of fault and every
// call that could be hit, and then under random faults. Each time the careful client's conclusions must hold, also
// after everything late has arrived.
import assert from "node:assert/strict";
import { prng } from "../../base/prng.ts";
import { type Fault, type FaultPlan, journalOperations, type JournalOperation, plannedFaults, randomFaults } from "../faults/fault-plan.ts";
import { FaultyJournal } from "../faults/faulty-journal.ts";
import type { Journal } from "../journal.ts";
import { CarefulClient, type CarefulClientOptions, entityOf } from "./careful-client.ts";
import { type JournalUnderTest, law, service, type Subject } from "./journal-under-test.ts";
import { idsOf, oneRow, readAll, stateOf, takeOver, write } from "./rows.ts";

const faults: readonly Fault[] = [
  { kind: "fail-before", error: "failed" },
  { kind: "fail-before", error: "full" },
  { kind: "fail-before", error: "refused" },
  { kind: "fail-after" },
  { kind: "hang", done: true },
  { kind: "hang", done: false },
  { kind: "late", until: { calls: 0 } },
  { kind: "late", until: { calls: 1 } },
  { kind: "late", until: { calls: 2 } },
  { kind: "late", until: { calls: 6 } },
  { kind: "late", until: "on-release" },
  { kind: "slow", delayMs: 2 },
];

const randomSeeds = 40;
const roundsMax = 200;

/** Two partitions of its own for each round, so that many rounds share one journal. */
async function round(
  journal: Journal,
  under: JournalUnderTest,
  number: number,
  plan: FaultPlan,
  options: CarefulClientOptions = {},
): Promise<void> {
  const [left, right] = [2 * number, 2 * number + 1];
  const name = (id: string): string => `${number}-${id}`;
  const names = (...ids: readonly string[]): readonly string[] => ids.map(name);
  const faulty = new FaultyJournal(journal, plan, {
    timers: under.timers(),
    onFault: ({ fault }) => {
      if (fault.kind === "hang") client.hangs();
    },
  });
  const client = new CarefulClient(faulty, options);
  await client.own(left);
  await client.own(right);
  await client.append([left, names("a1")]);
  await client.append([left, names("a2", "a3")], [right, names("b1")]);
  await client.index(left);
  await client.append([right, names("b2")]);
  await client.recover(left);
  await client.quarantine(name("poisoned"));
  await client.follow(name("stream"), 3);
  await client.park(name("stream"));
  // A rival takes over without a word, appends, and loses interest: the next append of the client is fenced.
  const rival = await takeOver(journal, left);
  await write(journal, oneRow(left, (await stateOf(journal, left)).head, rival, name("rival")));
  await client.append([left, names("a4")]);
  await client.append([left, names("a5")], [right, names("b3", "b4")]);
  await client.index(right);
  await client.index(left);
  await client.append([left, names("a6")]);
  await client.recover(right);
  await client.append([right, names("b5")]);
  await faulty.releaseLate();
  for (const partition of [left, right]) await compare(journal, partition, client);
}

/** The log against the client's account; the index against the log. */
async function compare(journal: Journal, partition: number, client: CarefulClient): Promise<void> {
  const rows = await readAll(journal, partition);
  const ids = idsOf(rows);
  assert.equal(new Set(ids).size, ids.length, "no command is in the log twice");
  for (const [i, row] of rows.entries()) assert(i === 0 || row.epoch >= (rows[i - 1]?.epoch ?? 0), "epochs rise along offsets");
  for (const [id, account] of client.verdicts) {
    if (account.partition === partition) {
      assert.notEqual(account.verdict, "open");
      assert.equal(ids.includes(id), account.verdict === "acknowledged", `${id} was ${account.verdict}`);
    }
  }
  const { head, indexedTo } = await stateOf(journal, partition);
  assert.equal(head, ids.length);
  assert(indexedTo <= head);
  const { entry, snapshot } = await journal.lookup(partition, "counter", entityOf(partition));
  assert.equal(entry?.last ?? -1, indexedTo - 1, "entries and position of an index commit together");
  assert.equal(snapshot?.offset ?? -1, indexedTo - 1);
  const alarm = (await journal.alarms(undefined, 10_000)).find(({ key }) => key === entityOf(partition));
  assert.equal(alarm?.due ?? -1, indexedTo - 1);
}

/** How often the piece of work calls each operation when nothing goes wrong. */
async function callsOf(journal: Journal, under: JournalUnderTest): Promise<ReadonlyMap<JournalOperation, number>> {
  const calls = new Map<JournalOperation, number>();
  const counting: FaultPlan = {
    next(operation) {
      calls.set(operation, (calls.get(operation) ?? 0) + 1);
      return undefined;
    },
  };
  await round(journal, under, 0, counting);
  return calls;
}

/** Every given fault at every call of the operation. Rejects with the schedule of the first that leads to a wrong conclusion. */
export async function checkFaults(
  under: JournalUnderTest,
  operation: JournalOperation,
  kinds: readonly Fault[],
  options: CarefulClientOptions = {},
): Promise<void> {
  const journal = await under.store().open(service, 2 * roundsMax);
  const calls = (await callsOf(journal, under)).get(operation) ?? 0;
  assert(calls > 0, `the piece of work calls ${operation}`);
  assert(calls * kinds.length < roundsMax, "every round has partitions of its own");
  let number = 1;
  for (const fault of kinds) {
    for (let call = 1; call <= calls; call++) {
      const schedule = [{ operation, call, fault }];
      try {
        await round(journal, under, number++, plannedFaults(schedule), options);
      } catch (cause) {
        assert.fail(`under ${JSON.stringify(schedule)}: ${String(cause)}`);
      }
    }
  }
}

export function faultLaws(subject: Subject): void {
  for (const operation of journalOperations) {
    law(
      subject,
      `J6 honest: ${operation} that fails before or after, hangs, is late or slow, at any call: what was denied is not in the log, what was acknowledged is once`,
      (under) => checkFaults(under, operation, faults),
    );
  }

  law(subject, `J6 honest: the same under random faults, ${randomSeeds} seeds`, async (under) => {
    const journal = await under.store().open(service, 2 * roundsMax);
    const rates = { slow: 0.03, failed: 0.05, full: 0.05, ambiguous: 0.08, late: 0.08, hang: 0.05, slowMsMax: 2, lateMsMax: 20 };
    for (let seed = 0; seed < randomSeeds; seed++) {
      const next = prng(seed);
      const plan = randomFaults(() => rates, { next, id: () => "" });
      try {
        await round(journal, under, seed, plan);
      } catch (cause) {
        assert.fail(`under the random faults of seed ${seed}: ${String(cause)}`);
      }
    }
  });
}
