// What @atoll/core/entity publishes.
export { entity } from "./definition.ts";
export type { AnyEntity, Entity, EntityBehaviour } from "./definition.ts";
export { EntityHost, type EntityHostInit } from "./host.ts";
export { EntityKernel, type Outcome, type Verdict } from "./kernel.ts";
export { peek } from "./recovery.ts";
export type { Decision, Turn } from "./turn.ts";
export { entityLimits, type EntityLimits } from "./limits.ts";
