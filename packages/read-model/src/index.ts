// What @atoll/read-model publishes.
export { readModel, type ReadModel } from "./definition.ts";
export { tables, type Tables } from "./tables.ts";
