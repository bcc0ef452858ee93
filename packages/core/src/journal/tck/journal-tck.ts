// The conformance suite of the journal port: every implementation runs it, as it is and wrapped in faults. The laws are
// numbered in journal.ts; a test's name begins with the one it is about. Imported by path, from tests only.
import { describe } from "node:test";
import { confirmLaws } from "./confirm-laws.ts";
import { crashLaws } from "./crash-laws.ts";
import { deliveryLaws } from "./delivery-laws.ts";
import { faultLaws } from "./fault-laws.ts";
import { indexLaws } from "./index-laws.ts";
import type { JournalTckOptions, Setup, Subject } from "./journal-under-test.ts";
import { modelLaws } from "./model-laws.ts";
import { readLaws } from "./read-laws.ts";
import { sharingLaws } from "./sharing-laws.ts";
import { storeLaws } from "./store-laws.ts";
import { writeLaws } from "./write-laws.ts";

export type { JournalTckOptions, JournalUnderTest, Setup } from "./journal-under-test.ts";

const optionsByDefault: JournalTckOptions = { exclusive: true, confirms: false, histories: 20, seeds: 1 };

/** Registers the suite with node:test. `setup` is called afresh for every run of a test. */
export function journalTck(name: string, setup: Setup, options: Partial<JournalTckOptions> = {}): void {
  const subject: Subject = { setup, options: { ...optionsByDefault, ...options } };
  describe(`journal ${name}`, () => {
    storeLaws(subject);
    writeLaws(subject);
    crashLaws(subject);
    readLaws(subject);
    indexLaws(subject);
    deliveryLaws(subject);
    modelLaws(subject);
    if (subject.options.confirms) confirmLaws(subject);
    if (!subject.options.exclusive) sharingLaws(subject);
  });
}

/** Registers the part that injects faults: every kind, at every call of a fixed piece of work. */
export function journalFaultTck(name: string, setup: Setup): void {
  describe(`journal ${name} under faults`, () => faultLaws({ setup, options: optionsByDefault }));
}
