// What @atoll/core/transport publishes: the port, and what its users need to know of bounds, tickets and failures.
// Implementations have subpaths of their own; the conformance suite (transport/tck) is imported by path, from tests.
export type { Address, HandleLink, Link, LinkHandler, LinkLoss, Listener, NodeIdentity, Transport } from "./transport.ts";
export { ConnectFailure, type ConnectReason } from "./connect-failure.ts";
export { type LinkLimits, linkLimits } from "./link-limits.ts";
export type { TransportOptions } from "./node-options.ts";
export { ticketFor } from "./ticket.ts";
