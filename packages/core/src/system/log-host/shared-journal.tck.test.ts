// The journal's laws, at the host of a log and at nodes that have it over a link.
import { journalFaultTck, journalTck } from "../../journal/tck/journal-tck.ts";
import { sharedUnderTest } from "./shared-under-test.ts";

journalTck("at the log's host", sharedUnderTest("host"), { histories: 50, seeds: 3 });
journalTck("over a link", sharedUnderTest("link"), { exclusive: false, histories: 100, seeds: 3 });
journalTck("shared, hosted elsewhere", sharedUnderTest("elsewhere"), { exclusive: false, histories: 50, seeds: 3 });
// Everything in parts, nearly nothing at a time.
const tight = { wholeCharsMax: 200, partCharsMax: 90, openMax: 2, openCharsMax: 300, answersCharsMax: 400 };
journalTck("over a link, in parts", sharedUnderTest("link", tight), { exclusive: false, histories: 50, seeds: 3 });
journalFaultTck("over a link", sharedUnderTest("link"));
