// What @atoll/core publishes of sagas.
export { saga, type Saga, type SagaHow } from "./definition.ts";
export type { Run, Signal, StepOptions } from "./run.ts";
