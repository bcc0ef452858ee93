// Who is told of whom: the directory of the system as one of its nodes is to know it, every address with a ticket of its own.
//
//  D1  named     A node is in it from the moment at which it listens until it is told to take nothing more, or has ended; not while it is silent.
//  D2  siblings  A node is told of the others of its own service as well, never of itself. The one that hosts the log is named to them until it has
//                ended: they append through it while it stops.
//  D3  lost      A service is lost when no node of it will run by itself any more.
import { type NodeIdentity, ticketFor } from "@atoll/core/transport";
import type { DirectoryEntries, DirectoryEntry } from "./channel.ts";
import type { ServiceNodes } from "./service-nodes.ts";
import { isOver, type Slot } from "./slot.ts";

export function directoryOf(system: string, services: Iterable<ServiceNodes>, self: NodeIdentity, stopping: boolean): DirectoryEntries {
  const entries: Record<string, DirectoryEntry> = {};
  for (const nodes of services) {
    const named = nodes.slots.flatMap((slot) => {
      const { place } = slot;
      if (!place || place.identity.incarnation === self.incarnation || !isNamed(nodes, slot, self)) return [];
      return [{ identity: place.identity, at: place.at, ticket: ticketFor(place.secret, system, self) }];
    });
    const lost = named.length > 0 ? undefined : lostBecause(nodes, stopping);
    entries[nodes.service] = { nodes: named, plan: nodes.plan, ...(lost === undefined ? {} : { lost }) };
  }
  return entries;
}

function isNamed(nodes: ServiceNodes, slot: Slot, { service }: NodeIdentity): boolean {
  if (!slot.child || !slot.listening || slot.beats.silent) return false;
  return !slot.leaving || (service === nodes.service && nodes.isHost(slot));
}

function lostBecause({ slots }: ServiceNodes, stopping: boolean): string | undefined {
  if (!slots.every(isOver)) return undefined;
  for (const { course } of slots) if (course.phase.kind === "failed") return course.phase.reason;
  return stopping ? "the system is stopping" : undefined;
}
