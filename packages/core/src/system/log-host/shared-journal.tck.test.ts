// The journal's laws, at the host of a log and at nodes that have it over a link.
import { noFaults } from "../../journal/faults/fault-plan.ts";
import { journalFaultTck, journalTck } from "../../journal/tck/journal-tck.ts";
import { sharedUnderTest } from "./shared-under-test.ts";

const shared = { exclusive: false, confirms: true, histories: 50, seeds: 3 };

journalTck("at the log's host", sharedUnderTest("host"), { ...shared, exclusive: true });
journalTck("over a link", sharedUnderTest("link"), { ...shared, histories: 100 });
journalTck("shared, hosted elsewhere", sharedUnderTest("elsewhere"), shared);
// Everything in parts, nearly nothing at a time.
const tight = { wholeCharsMax: 200, partCharsMax: 90, openMax: 2, openCharsMax: 300, answersCharsMax: 400 };
journalTck("over a link, in parts", sharedUnderTest("link", tight), shared);
const slow = { ...noFaults, slow: 0.3, slowMsMax: 20 };
journalTck("over a link, of a host whose disk is slow", sharedUnderTest("link", {}, slow), shared);
journalFaultTck("over a link", sharedUnderTest("link"));
