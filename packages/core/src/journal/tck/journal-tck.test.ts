// The suite itself under test: journals and users that break one law each, in ways that a quick look would miss, must
// not pass it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault } from "../faults/fault-plan.ts";
import { type Journal, JournalError, type PartitionState } from "../journal.ts";
import { simulatedUnderTest } from "./simulated-under-test.ts";
import { checkFaults } from "./fault-laws.ts";
import type { JournalUnderTest, Setup } from "./journal-tck.ts";
import { checkHistories } from "./model-laws.ts";

type Breakage = (journal: Journal) => Partial<Journal>;

const late: readonly Fault[] = [0, 1, 2, 6].map((calls) => ({ kind: "late", until: { calls } }));
const hang: readonly Fault[] = [{ kind: "hang", done: true }];

function withBreakage(journal: Journal, breakage: Breakage): Journal {
  return {
    meta: journal.meta,
    partitions: () => journal.partitions(),
    takeOver: (...given) => journal.takeOver(...given),
    append: (...given) => journal.append(...given),
    read: (...given) => journal.read(...given),
    chain: (...given) => journal.chain(...given),
    records: (...given) => journal.records(...given),
    lookup: (...given) => journal.lookup(...given),
    mayHold: (...given) => journal.mayHold(...given),
    index: (...given) => journal.index(...given),
    quarantined: () => journal.quarantined(),
    quarantine: (...given) => journal.quarantine(...given),
    release: (...given) => journal.release(...given),
    alarms: (...given) => journal.alarms(...given),
    cursors: () => journal.cursors(),
    moveCursors: (...given) => journal.moveCursors(...given),
    deadLetters: (...given) => journal.deadLetters(...given),
    park: (...given) => journal.park(...given),
    discard: (...given) => journal.discard(...given),
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
    ...breakage(journal),
  };
}

function broken(breakage: Breakage): Setup {
  return async (seed) => {
    const under = await simulatedUnderTest(seed);
    const store: JournalUnderTest["store"] = () => ({
      exists: (service) => under.store().exists(service),
      open: async (service, partitions) => withBreakage(await under.store().open(service, partitions), breakage),
    });
    return { ...under, store };
  };
}

const stateOf = async (journal: Journal, p: number): Promise<PartitionState> => (await journal.partitions())[p] as PartitionState;

const breakages: { readonly [title: string]: Breakage } = {
  "a journal that writes rows of any epoch (J2)": (journal) => ({
    append: async (rows) => {
      const states = await journal.partitions();
      return journal.append(rows.map((row) => ({ ...row, epoch: states[row.partition]?.epoch ?? 0 })));
    },
  }),
  "a journal that moves misplaced rows to the head (J1)": (journal) => ({
    append: async (rows) => {
      const states = await journal.partitions();
      return journal.append(rows.map((row) => ({ ...row, offset: states[row.partition]?.head ?? 0 })));
    },
  }),
  "a journal that lets every taker win (J3)": (journal) => ({
    takeOver: async (partition) => journal.takeOver(partition, (await stateOf(journal, partition)).epoch),
  }),
  "a journal that answers an append before it is done (J4)": (journal) => ({
    append: async (rows) => {
      void journal.append(rows);
      return rows.map(() => "written");
    },
  }),
  "a journal that indexes for any owner (J10)": (journal) => ({
    index: async (update) => journal.index({ ...update, epoch: (await stateOf(journal, update.partition)).epoch }),
  }),
  "a journal that commits entries and position of an index apart (J10)": (journal) => ({
    index: async (update) => {
      const { indexedTo } = await stateOf(journal, update.partition);
      await journal.index({ ...update, indexedTo });
      return journal.index({ ...update, entities: [], snapshots: [], alarms: [] });
    },
  }),
  "a journal that keeps alarms that were taken back (J10)": (journal) => ({
    index: (update) => journal.index({ ...update, alarms: update.alarms.filter(({ due }) => due !== null) }),
  }),
  "a journal whose pages skip a row (J8)": (journal) => ({
    read: async (partition, from, bytesMax) => {
      const page = await journal.read(partition, from, bytesMax);
      return page.next === undefined ? page : { ...page, next: page.next + 1 };
    },
  }),
  "a journal whose chain takes every record for the entity's (J9)": () => ({
    chain: async (_, last, after) => ({ offsets: Array.from({ length: last - after }, (__, i) => last - i), lines: [] }),
  }),
};

for (const [title, breakage] of Object.entries(breakages)) {
  test(`journal tck: ${title} does not pass`, async () => {
    await assert.rejects(checkHistories(broken(breakage), 300), /Property failed/);
  });
}

async function checkSimulated(under: JournalUnderTest, check: (under: JournalUnderTest) => Promise<void>): Promise<void> {
  try {
    await check(under);
  } finally {
    await under.cleanup();
  }
}

test("journal tck: a user that rereads without a new epoch is caught by late appends", async () => {
  await checkSimulated(await simulatedUnderTest(1), async (under) => {
    await assert.rejects(checkFaults(under, "append", late, { settle: "reread" }), /"kind":"late".*was denied/s);
  });
});

test("journal tck: a user that rereads without a new epoch is caught by appends without an answer", async () => {
  let caught = 0;
  for (let seed = 1; seed <= 10; seed++) {
    await checkSimulated(await simulatedUnderTest(seed), async (under) => {
      await checkFaults(under, "append", hang, { settle: "reread" }).catch(() => (caught += 1));
    });
  }
  assert(caught > 0);
});

test("journal tck: a journal that says `failed` of a row it has written is caught", async () => {
  const setup = broken((journal) => {
    let calls = 0;
    return {
      append: async (rows) => {
        const results = await journal.append(rows);
        if ((calls += 1) % 7 === 0) throw new JournalError("failed", "a lie");
        return results;
      },
    };
  });
  await checkSimulated(await setup(1), async (under) => {
    await assert.rejects(checkFaults(under, "append", [{ kind: "slow", delayMs: 1 }]));
  });
});

test("journal tck: a journal that does not fence what is late is caught", async () => {
  const setup = broken(breakages["a journal that writes rows of any epoch (J2)"] as Breakage);
  await checkSimulated(await setup(1), async (under) => {
    await assert.rejects(checkFaults(under, "append", late));
  });
});
