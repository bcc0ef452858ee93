import { journalFaultTck, journalTck } from "../tck/journal-tck.ts";
import { simulatedUnderTest } from "../tck/simulated-under-test.ts";

journalTck("simulated", simulatedUnderTest, { histories: 500, seeds: 10 });
journalFaultTck("simulated", simulatedUnderTest);
