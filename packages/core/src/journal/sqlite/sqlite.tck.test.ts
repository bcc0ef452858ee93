import { journalFaultTck, journalTck } from "../tck/journal-tck.ts";
import { sqliteUnderTest } from "./sqlite-under-test.ts";

journalTck("sqlite", sqliteUnderTest, { histories: 25 });
journalFaultTck("sqlite", sqliteUnderTest);
