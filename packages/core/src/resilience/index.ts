// What the system needs of resilience, and what @atoll/core publishes of it.
export { Dependency, type BreakerStatus } from "./dependency.ts";
export { guarded, type Delivery } from "./guarded-call.ts";
export { decodeCalls, type CalledContract, type CallPolicy, type DependencyPolicy } from "./policy.ts";
