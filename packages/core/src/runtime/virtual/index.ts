export { SimulationError, type SimulationErrorKind } from "./simulation-error.ts";
export { seededRandom } from "./seeded-random.ts";
export type { Trace } from "./trace.ts";
export type { VirtualProcess } from "./virtual-process.ts";
export { VirtualWorld, type TaskFailure, type VirtualWorldOptions } from "./virtual-world.ts";
