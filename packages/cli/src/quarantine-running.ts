// Quarantine of a running system: the verbs that its process offers on the control socket, and the commands' side of them.
import type { Quarantined, Running } from "@atoll/core";
import { CommandError } from "./command-error.ts";
import { askRunning } from "./control-client.ts";
import type { Verbs } from "./control-server.ts";
import { listing, named, type Listing } from "./quarantined.ts";

const list = "GET /quarantine";
const release = "POST /quarantine/release";

export function quarantineVerbs(running: Pick<Running, "health" | "quarantined" | "release">): Verbs {
  return {
    [list]: () => listing(running.quarantined()),
    [release]: async (input) => {
      const { service, key } = (input ?? {}) as { readonly service?: unknown; readonly key?: unknown };
      if (typeof service !== "string" || typeof key !== "string") throw new CommandError("a release names a service and a key");
      const services = running.health().map(({ name }) => name);
      const released = named(running.quarantined(), services, service, key);
      await running.release(service, key);
      return released;
    },
  };
}

/** Undefined if no process runs the data directory. */
export async function listRunning(data: string): Promise<Listing | undefined> {
  const asked = await askRunning(data, list);
  return asked.kind === "answered" ? (asked.value as Listing) : undefined;
}

/** What was released; undefined if no process runs the data directory. */
export async function releaseRunning(data: string, service: string, key: string): Promise<readonly Quarantined[] | undefined> {
  const asked = await askRunning(data, release, { service, key });
  return asked.kind === "answered" ? (asked.value as readonly Quarantined[]) : undefined;
}
