// What the subpath publishes: the journal on a file, for processes with a disk.
export { SqliteJournal } from "./sqlite-journal.ts";
export { SqliteJournalStore } from "./sqlite-store.ts";
export { ReadyThreads } from "./ready-threads.ts";
export { makeDirectory } from "./durable-file.ts";
export { OwnerLock } from "./owner-lock.ts";
