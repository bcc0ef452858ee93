// Tickets: how a node proves to another one who it is. The supervisor knows the secret of every node and gives each process
// its own secret and, with an address, the ticket to it; so no node can call under another's name, and none can make
// tickets. A pure function, the same on every machine and in simulation; Node's is used because a hash is nothing to write oneself.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { NodeIdentity } from "./transport.ts";

/** 64 hexadecimal digits: HMAC-SHA256, keyed with the secret of the node that is called, over the system and who calls. */
export function ticketFor(secret: string, system: string, caller: NodeIdentity): string {
  const said = JSON.stringify(["atoll-ticket", system, caller.node, caller.service, caller.incarnation]);
  return createHmac("sha256", secret).update(said).digest("hex");
}

/** Takes as long for a nearly right ticket as for any other. */
export function isTicketOf(ticket: string, secret: string, system: string, caller: NodeIdentity): boolean {
  const [given, right] = [Buffer.from(ticket), Buffer.from(ticketFor(secret, system, caller))];
  return given.length === right.length && timingSafeEqual(given, right);
}
