// What @atoll/core/saga publishes: the definition, and the machine for whoever drives one.
export { carriedOut } from "./asked.ts";
export { saga, type AnySaga, type Saga, type SagaHow } from "./definition.ts";
export { idText, sagaEventKinds, type Cause, type Entry, type SagaEvent } from "./event.ts";
export { retryBackoff } from "./limits.ts";
export { SagaMachine } from "./machine.ts";
export type { Run, Signal, StepOptions } from "./run.ts";
export type { Ask, Asked, Outside, Stage } from "./stage.ts";
export { alarmOf, evolve, openApologies, unstarted, type Outcome, type Phase, type SagaState } from "./state.ts";
