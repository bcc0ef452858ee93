// The program of a process that runs one node. Only a supervisor starts it: what it needs to know comes over the channel between
// the two, and it ends with that channel, which the operating system closes however the supervisor dies.
import type { ToNode } from "./channel.ts";

process.once("disconnect", () => process.exit(1)); // at once: what was acknowledged is on disk
// Loaded only then: the supervisor may die meanwhile.
const { Node } = await import("./node.ts");
const node = new Node();
// What stops the supervisor often reaches its children too: a Ctrl-C every process of a terminal, the SIGTERM of a service manager every
// process of a service. What is to be done, and in which order, the supervisor says.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => node.signalled());
process.on("message", (message) => node.take(message as ToNode));
