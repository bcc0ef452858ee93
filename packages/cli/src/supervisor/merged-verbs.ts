// The verbs of a control socket, where each service is a process of its own: what names a service goes to that one, what lists
// goes to all, and their answers become one.
import { CommandError } from "../command-error.ts";
import type { Verb, Verbs } from "../control-server.ts";
import type { Supervisor } from "./supervisor.ts";

type Merge = (answers: readonly unknown[]) => unknown;

const arrays: Merge = (answers) => (answers as readonly (readonly unknown[])[]).flat();
const totals: Merge = (answers) => {
  const listings = answers as readonly { readonly entries: readonly unknown[]; readonly total: number }[];
  return { entries: listings.flatMap(({ entries }) => entries), total: listings.reduce((sum, { total }) => sum + total, 0) };
};
const openEnded: Merge = (answers) => {
  const listings = answers as readonly { readonly entries: readonly unknown[]; readonly more: boolean }[];
  return { entries: listings.flatMap(({ entries }) => entries), more: listings.some(({ more }) => more) };
};
/** Those that need somebody first, as within one process. */
const sagas: Merge = (answers) => {
  const { entries, more } = openEnded(answers) as { readonly entries: readonly { readonly state: string }[]; readonly more: boolean };
  const waits = ({ state }: { readonly state: string }): number => (state === "parked" || state === "apologising" ? 0 : 1);
  return { entries: entries.toSorted((a, b) => waits(a) - waits(b)), more };
};

/** Of all services. */
const lists: { readonly [verb: string]: Merge } = {
  "GET /quarantine": totals,
  "GET /breakers": arrays,
  "GET /read-models": arrays,
  "GET /read-models/parked": totals,
  "POST /sagas/list": sagas,
  "GET /apologies": arrays,
  "GET /deadletters": openEnded,
};

/** Of the service that the input names. */
const routed = [
  "POST /quarantine/release",
  "POST /breakers/open",
  "POST /breakers/close",
  "POST /read-models/retry",
  "POST /read-models/rebuild",
  "POST /sagas/show",
  "POST /sagas/retry",
  "POST /sagas/abandon",
  "POST /apologies/resolve",
  "POST /deadletters/show",
  "POST /deadletters/replay",
  "POST /deadletters/discard",
] as const;

/** For a node that is just being started again. */
const runningWithinMs = 5_000;

export function mergedVerbs(supervisor: Pick<Supervisor, "services" | "ask">): Verbs {
  const listing =
    (verb: string, merge: Merge): Verb =>
    async (input) =>
      merge(await Promise.all(supervisor.services.map((service) => supervisor.ask(service, verb, input, runningWithinMs))));
  const naming =
    (verb: string): Verb =>
    (input) => {
      const { service } = (input ?? {}) as { readonly service?: unknown };
      if (typeof service !== "string") throw new CommandError("the request names no service");
      return supervisor.ask(service, verb, input, runningWithinMs);
    };
  return Object.fromEntries([
    ...Object.entries(lists).map(([verb, merge]) => [verb, listing(verb, merge)] as const),
    ...routed.map((verb) => [verb, naming(verb)] as const),
  ]);
}
