export { given, type Answered, type Past, type Then } from "./given.ts";
export type { Hearing, Reacted } from "./subscription-given.ts";
export type { Beginning, Course, StepTold } from "./saga-given.ts";
export { FailingSeed } from "./simulation/failing-seed.ts";
export type { Invariant, Invariants, Observed } from "./simulation/invariants.ts";
export type { Phases } from "./simulation/phases.ts";
export type { Repeat, Schedule, ScheduledFault } from "./simulation/schedule.ts";
export { simulate, type Regression, type SimulateHow, type SimulationSettings } from "./simulation/simulate.ts";
export type { Fault, Scenario, World } from "./simulation/world.ts";
