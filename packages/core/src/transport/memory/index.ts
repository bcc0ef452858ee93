// What the subpath publishes: links within one process.
export { MemoryNetwork } from "./memory-network.ts";
