// What @atoll/core publishes: everything that the definition of a system needs, and `start`. From the files themselves where the
// room's own index brings what drives the definitions as well: that is loaded by whoever needs it (system/rooms.ts).
export { milliseconds } from "./base/duration.ts";
export { Failure, failures, type FailureCode, type Issue, type Outcome, type Retry } from "./base/failure.ts";
export { contract } from "./contract/index.ts";
export type {
  Answer,
  Access,
  At,
  CallOptions,
  Contract,
  Deep,
  Duration,
  EachAnswer,
  Every,
  EveryOptions,
  Implementation,
  Json,
  Moment,
  Ref,
  Schema,
  Tell,
  Told,
} from "./contract/index.ts";
export { entity, type Decision, type Entity, type Turn } from "./entity/index.ts";
export { adapter, handlers, unavailable, type HandlerContext } from "./handlers/index.ts";
export type { BreakerStatus, CallPolicy } from "./resilience/index.ts";
export { saga, type Saga, type SagaHow } from "./saga/definition.ts";
export type { Run, Signal, StepOptions } from "./saga/index.ts";
export { subscription, type Subscription, type SubscriptionOptions } from "./subscription/definition.ts";
export type {
  OpenApology,
  ParkedEntity,
  Quarantined,
  ReadModelStatus,
  Retried,
  Running,
  SagaList,
  SagaPhase,
  SagaStory,
  SagaSummary,
  Service,
  StartOptions,
  System,
  TopicFrom,
  TopicMessage,
  TopicReading,
} from "./system/index.ts";
export { service, system } from "./system/definition.ts";
export { start } from "./system/start.ts";
