// What the system needs of resilience, and what @atoll/core publishes of it.
export { Dependency, type BreakerStatus } from "./dependency.ts";
export { guarded, type Delivery } from "./guarded-call.ts";
export type { CallPolicy, DependencyPolicy } from "./policy.ts";
export { verdictOf } from "./verdict.ts";
