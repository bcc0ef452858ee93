// The verbs of a control socket, where each node is a process of its own: what lists goes to all, and their answers become one; what names a
// service goes to its nodes, one of which has what is meant.
import { CommandError } from "../command-error.ts";
import { Incomplete, type Verb, type Verbs } from "../control-server.ts";

/** Nodes that run, as whoever asks them sees them. */
export interface AskedNodes {
  readonly services: readonly string[];
  /** The nodes of a service that can be asked, first the host of its log. Waits for one to run, for at most `withinMs`. Rejects with a `CommandError`. */
  ready(service: string, withinMs: number): Promise<readonly AskedNode[]>;
  /** Why the service has no node, nor will have one by itself. */
  failed(service: string): string | undefined;
}

export interface AskedNode {
  readonly node: string;
  /** Rejects with a `CommandError` if it refuses. */
  readonly ask: (verb: string, input: unknown) => Promise<unknown>;
}

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

/** Of a node of the service that the input names: of the one that has what is meant. */
const routed = [
  "POST /quarantine/release",
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

/** Of every node of the service that the input names; the first answer counts. */
const told = ["POST /breakers/open", "POST /breakers/close"] as const;

/** For a node that is just being started again. */
const runningWithinMs = 5_000;

export function mergedVerbs(nodes: AskedNodes): Verbs {
  const listing =
    (verb: string, merge: Merge): Verb =>
    async (input) => {
      const missing = nodes.services.flatMap((service) => nodes.failed(service) ?? []);
      const asked = nodes.services.filter((service) => nodes.failed(service) === undefined);
      const answers = await Promise.all(asked.map((service) => listed(nodes, service, verb, input)));
      const value = merge(answers.flat());
      return missing.length === 0 ? value : new Incomplete(value, missing);
    };
  const naming =
    (verb: string, all: boolean): Verb =>
    async (input) => {
      const { service } = (input ?? {}) as { readonly service?: unknown };
      if (typeof service !== "string") throw new CommandError("the request names no service");
      return firstOf(await nodes.ready(service, runningWithinMs), verb, input, all);
    };
  return Object.fromEntries([
    ...Object.entries(lists).map(([verb, merge]) => [verb, listing(verb, merge)] as const),
    ...routed.map((verb) => [verb, naming(verb, false)] as const),
    ...told.map((verb) => [verb, naming(verb, true)] as const),
  ]);
}

/** What several nodes of a service say alike is said once; what is each one's own says whose it is. */
async function listed(nodes: AskedNodes, service: string, verb: string, input: unknown): Promise<readonly unknown[]> {
  const asked = await nodes.ready(service, runningWithinMs);
  const answers = await Promise.all(asked.map(async ({ node, ask }) => ({ node, answer: await ask(verb, input) })));
  if (answers.length === 1) return answers.map(({ answer }) => answer);
  const seen = new Set<string>();
  return answers.map(({ node, answer }) => {
    const rows = rowsOf(answer).flatMap((row) => {
      const text = JSON.stringify(row);
      if (verb === "GET /breakers") return [{ ...(row as object), node }];
      return !seen.has(text) && seen.add(text) ? [row] : [];
    });
    if (Array.isArray(answer)) return rows;
    const { total } = answer as { readonly total?: number };
    return {
      ...(answer as object),
      entries: rows,
      ...(total === undefined ? {} : { total: total - (rowsOf(answer).length - rows.length) }),
    };
  });
}

const rowsOf = (answer: unknown): readonly unknown[] =>
  Array.isArray(answer) ? (answer as readonly unknown[]) : (answer as { readonly entries: readonly unknown[] }).entries;

/** Those that do not have what is meant say so, and the next one is asked; where nobody has it, the first one's sentence is the answer. */
async function firstOf(asked: readonly AskedNode[], verb: string, input: unknown, all: boolean): Promise<unknown> {
  const refusals: CommandError[] = [];
  const answers: unknown[] = [];
  for (const { ask } of asked) {
    if (answers.length > 0 && !all) break;
    try {
      answers.push(await ask(verb, input));
    } catch (error) {
      if (!(error instanceof CommandError) || !(all || error.elsewhere)) throw error;
      refusals.push(error);
    }
  }
  if (answers.length > 0) return answers[0];
  throw refusals[0] ?? new CommandError("no node of the service runs: ask again");
}
