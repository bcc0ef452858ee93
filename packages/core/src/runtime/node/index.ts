export { environment } from "./environment.ts";
export { jsonLogger, type JsonLoggerOptions } from "./json-logger.ts";
export { nodeRuntime, type NodeRuntime, type NodeRuntimeOptions } from "./node-runtime.ts";
