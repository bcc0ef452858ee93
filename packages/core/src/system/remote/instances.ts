// The instances of a service on other nodes, each to be asked by itself.
import type { Address } from "../../transport/index.ts";
import type { Instance } from "../broadcast.ts";
import type { RemoteService } from "./remote-service.ts";

/** Handlers know nothing of what they have done: only a query is sent again when its link is lost, to the same instance. */
export const remoteInstances = (remote: RemoteService, nodes: readonly Address[]): readonly Instance[] =>
  nodes.map(({ identity: { node, incarnation } }) => ({
    node,
    remote: true,
    receiver: { receive: (message) => remote.receive(message, { kind: "node", incarnation }, message.to.kind === "query") },
  }));
