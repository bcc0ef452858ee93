// Breakers of a running system: the verbs that its process offers on the control socket, and the commands' side of them.
import type { BreakerStatus, Running } from "@atoll/core";
import { CommandError } from "./command-error.ts";
import { askRunning } from "./control-client.ts";
import type { Verbs } from "./control-server.ts";

export type BreakerVerb = "open" | "close";

export interface BreakerSet {
  /** False if it was so before. */
  readonly changed: boolean;
  readonly breaker: BreakerStatus;
}

const list = "GET /breakers";
const pathOf = { open: "POST /breakers/open", close: "POST /breakers/close" } as const satisfies { readonly [V in BreakerVerb]: string };

export function breakerVerbs(running: Pick<Running, "health" | "breakers" | "openBreaker" | "closeBreaker">): Verbs {
  const set = (input: unknown, act: (service: string, contract: string) => boolean | undefined): BreakerSet => {
    const { service, contract } = (input ?? {}) as { readonly service?: unknown; readonly contract?: unknown };
    if (typeof service !== "string" || typeof contract !== "string")
      throw new CommandError("a breaker is named by a service and a contract");
    const changed = act(service, contract);
    const breaker = running.breakers().find((one) => one.service === service && one.contract === contract);
    if (changed === undefined || !breaker) throw new CommandError(unknownBreaker(running, service, contract));
    return { changed, breaker };
  };
  return {
    [list]: () => running.breakers(),
    [pathOf.open]: (input) => set(input, (service, contract) => running.openBreaker(service, contract)),
    [pathOf.close]: (input) => set(input, (service, contract) => running.closeBreaker(service, contract)),
  };
}

/** Which of the two names is wrong, and what there is instead. */
function unknownBreaker(running: Pick<Running, "health" | "breakers">, service: string, contract: string): string {
  const breakers = running.breakers();
  const called = breakers.flatMap((breaker) => (breaker.service === service ? [breaker.contract] : []));
  if (called.length > 0) return `service "${service}" does not list contract "${contract}" under \`calls\`; it lists: ${called.join(", ")}`;
  const callers = [...new Set(breakers.map((breaker) => breaker.service))].join(", ");
  const others = (what: string): string => (callers === "" ? "" : `; services that have${what}: ${callers}`);
  return running.health().some(({ name }) => name === service)
    ? `service "${service}" lists no contract under \`calls\`, so it has no breakers${others("")}`
    : `there is no service "${service}" here${others(" breakers")}`;
}

/** Undefined if no process runs the data directory. */
export async function breakersRunning(data: string): Promise<readonly BreakerStatus[] | undefined> {
  const asked = await askRunning(data, list);
  return asked.kind === "answered" ? (asked.value as readonly BreakerStatus[]) : undefined;
}

/** Undefined if no process runs the data directory. */
export async function setRunning(data: string, verb: BreakerVerb, service: string, contract: string): Promise<BreakerSet | undefined> {
  const asked = await askRunning(data, pathOf[verb], { service, contract });
  return asked.kind === "answered" ? (asked.value as BreakerSet) : undefined;
}
