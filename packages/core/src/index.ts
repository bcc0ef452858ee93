// What @atoll/core publishes: everything that the definition of a system needs, and `start`.
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
export { saga, type Run, type Saga, type SagaHow, type Signal, type StepOptions } from "./saga/index.ts";
export { subscription, type Subscription, type SubscriptionOptions } from "./subscription/index.ts";
export {
  type OpenApology,
  type ParkedEntity,
  type Quarantined,
  type ReadModelStatus,
  type Retried,
  type Running,
  type SagaList,
  type SagaPhase,
  type SagaStory,
  type SagaSummary,
  service,
  type Service,
  start,
  type StartOptions,
  system,
  type System,
  type TopicFrom,
  type TopicMessage,
  type TopicReading,
} from "./system/index.ts";
