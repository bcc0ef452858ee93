// What the system needs of handlers, and what @atoll/core publishes of them.
export { adapter, type AnyAdapter } from "./adapter.ts";
export { handlers, unavailable, type AnyHandlers, type HandlerContext } from "./definition.ts";
export { HandlersHost, handlersLimits, type HandlersLimits, type NestedCalls } from "./host.ts";
