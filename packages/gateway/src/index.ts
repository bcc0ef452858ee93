// What @atoll/gateway publishes.
export { basic, type Credentials } from "./basic.ts";
export { feed, type Feed } from "./feed.ts";
export { gateway, type GatewayHow } from "./gateway.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { Problem, problems, problemType, type ProblemCode, type ProblemInit } from "./problem.ts";
export { route, type HttpRequest, type Route } from "./route.ts";
