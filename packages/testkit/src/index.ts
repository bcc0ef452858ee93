export { given, type Answered, type Past, type Then } from "./given.ts";
export type { Beginning, Course, StepTold } from "./saga-given.ts";
export { simulate, type SimulateHow } from "./simulation/simulate.ts";
export type { Fault, Scenario, World } from "./simulation/world.ts";
