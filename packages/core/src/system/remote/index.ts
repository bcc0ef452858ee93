// What @atoll/core/ring publishes: joining nodes, for whoever composes them.
export type { Directory } from "./directory.ts";
export { helloOf } from "./hello.ts";
export { ring, type RingHow } from "./ring.ts";
