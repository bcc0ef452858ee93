// The calling side of a handshake, whatever the medium: a promise of the link.
import type { Runtime } from "../runtime/index.ts";
import { ConnectFailure } from "./connect-failure.ts";
import { LinkEnd, type Wire } from "./link-end.ts";
import type { LinkMetrics } from "./link-metrics.ts";
import type { NodeOptions } from "./node-options.ts";
import type { Address, HandleLink, Link } from "./transport.ts";

/** `end` is to be given what the medium brings. */
export function callNode(
  runtime: Runtime,
  node: NodeOptions,
  to: Address,
  handle: HandleLink,
  metrics: LinkMetrics,
  wire: Wire,
): { readonly end: LinkEnd; readonly link: Promise<Link> } {
  const { promise, resolve, reject } = Promise.withResolvers<Link>();
  const end = new LinkEnd(
    runtime,
    { role: "caller", ...node, to: to.identity, ticket: to.ticket },
    wire,
    {
      handle,
      met: resolve,
      unmet: (reason, what) => reject(new ConnectFailure(reason, what, `${to.identity.node} at ${to.at}`)),
      gone: () => {},
    },
    metrics,
  );
  return { end, link: promise };
}
