// A journal whose faults only cost time passes the whole suite.
import type { JournalStore } from "../journal.ts";
import { simulatedUnderTest } from "../tck/simulated-under-test.ts";
import { journalTck, type JournalUnderTest } from "../tck/journal-tck.ts";
import { type FaultPlan, randomFaults, noFaults } from "./fault-plan.ts";
import { FaultyJournal } from "./faulty-journal.ts";
import { prng } from "../../base/prng.ts";

const wrappedIn = (under: JournalUnderTest, plan: FaultPlan): JournalUnderTest => ({
  ...under,
  store: (): JournalStore => ({
    open: async (service, partitions) => new FaultyJournal(await under.store().open(service, partitions), plan, { timers: under.timers() }),
    exists: (service) => under.store().exists(service),
  }),
});

const rates = { ...noFaults, slow: 0.3, slowMsMax: 20 };

async function slowUnderTest(seed: number): Promise<JournalUnderTest> {
  const plan = randomFaults(() => rates, { next: prng(seed), id: () => "" });
  return wrappedIn(await simulatedUnderTest(seed), plan);
}

journalTck("wrapped in faults that slow it down", slowUnderTest, { histories: 200, seeds: 5 });
