// The orders in which a journal lists alarms (J11) and dead letters: texts by their UTF-8 bytes, as SQLite compares them.
import type { AlarmEntry, DeadLetter } from "./journal.ts";

const compareTexts = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const compareAlarms = (a: AlarmEntry, b: AlarmEntry): number =>
  a.due - b.due || a.partition - b.partition || compareTexts(a.type, b.type) || compareTexts(a.key, b.key);

export const compareLetters = (a: Pick<DeadLetter, "stream" | "place">, b: Pick<DeadLetter, "stream" | "place">): number =>
  compareTexts(a.stream, b.stream) || a.place - b.place;
