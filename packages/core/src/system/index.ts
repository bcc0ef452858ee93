// What @atoll/core/system publishes: composing and running systems on any platform.
export type { SharedLog, Sharing } from "./sharing.ts";
export type { Booted, Platform } from "./boot.ts";
export type { Quarantined } from "./service-need.ts";
export { boot } from "./ready-boot.ts";
export type { ParkedEntity, ReadModels, ReadModelStatus, Retried } from "./read-models.ts";
export type { TopicFrom, TopicMessage, TopicReading } from "./topic-reading.ts";
export type { DeadLetters, SentAgain } from "./dead-letters.ts";
export type { Ring } from "./ring.ts";
export type { PortSharing } from "./edge.ts";
export { service, system, type Service, type ServiceHow, type ServiceLimits, type ServicePart, type System } from "./definition.ts";
export { start, stopGraceMs, type Running, type StartOptions } from "./start.ts";
export type { OpenApology, SagaList, SagaOperator, SagaPhase, SagaStory, SagaSummary } from "./saga/operator.ts";
