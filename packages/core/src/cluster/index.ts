// What @atoll/core/cluster publishes: the plan of a service, the machine that makes it and the one that follows it.
export { emptyReport } from "./member.ts";
export {
  newOwnership,
  type OwnershipEffect,
  type OwnershipInput,
  type OwnershipState,
  placeOf,
  stepOwnership,
  type Tenure,
} from "./ownership.ts";
export type { NodeReport, PartitionPlan, ServicePlan } from "./plan.ts";
export { emptyRegistry, leavingMax, planOf, type RegistryInput, type RegistryState, stepRegistry } from "./registry.ts";
export { hasHeir, isEmpty, isSettled, mayOwn, type PartitionStatus, statusOf } from "./registry-status.ts";
