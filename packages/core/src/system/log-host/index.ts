// What @atoll/core/log-host publishes: one log for several nodes, for whoever composes them.
export type { Hosting } from "./hosting.ts";
export { type LogHostLimits, logHostLimits } from "./limits.ts";
export { type HostedStates, SharedJournalStore, type SharedJournalStoreInit } from "./shared-journal-store.ts";
export { isLogGreeting } from "./wire.ts";
