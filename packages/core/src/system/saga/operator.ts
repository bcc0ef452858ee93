// What an operator sees of the sagas of a running system, and does to them.
import { Failure } from "../../base/failure.ts";
import { JournalError, journalFailure, type LogWriter } from "../../journal/index.ts";
import { idText, type Cause, type Entry } from "../../saga/event.ts";
import { openApologies, type Outcome, type Phase, type SagaState } from "../../saga/state.ts";
import { alarmsOf } from "./alarms.ts";
import type { SagaHost } from "./host.ts";
import type { OutsideInput } from "./journal.ts";

/** "apologising": it has ended, and owes an apology. */
export type SagaPhase = Exclude<Phase, "none"> | "apologising";

export interface SagaSummary {
  readonly service: string;
  readonly saga: string;
  readonly key: string;
  readonly state: SagaPhase;
  /** Of the definition that it runs by. */
  readonly version: number;
  /** ISO 8601: when it was started, and when something last happened to it. */
  readonly started: string;
  readonly changed: string;
  /** Why it is parked, until when it waits, how it ended, what it owes. */
  readonly detail: string;
}

/** One saga whole: its journal. */
export interface SagaStory extends SagaSummary {
  readonly input: unknown;
  readonly caller: string;
  readonly entries: readonly Entry[];
  readonly cause: Cause | null;
  /** Steps undone, in the order in which they were. */
  readonly undone: readonly string[];
  readonly apologies: SagaState["apologies"];
  readonly outcome: Outcome | null;
}

export interface OpenApology {
  readonly service: string;
  readonly saga: string;
  readonly key: string;
  /** STEP/N: what could not be undone. */
  readonly step: string;
  readonly owner: string;
  readonly since: string;
  readonly due: string;
  readonly overdue: boolean;
  readonly reason: string;
}

export interface SagaList {
  readonly entries: readonly SagaSummary[];
  /** There are more than these. */
  readonly more: boolean;
}

/**
 * `key` is the saga's key, or CONTRACT/KEY where two sagas of the service share it. Rejects with a `Failure` that says why. Where several
 * instances of a service share its log, each knows those sagas that live with its partitions, and those only.
 */
export interface SagaOperator {
  /** Sagas that have not ended or owe an apology, those that need somebody first; of those that only wait, the earliest first. */
  list(filter?: { readonly state?: SagaPhase; readonly max?: number }): Promise<SagaList>;
  show(service: string, key: string): Promise<SagaStory>;
  /** Whether it lives on this node; if not, it is no saga, or lives with another instance of the service. */
  isHere(service: string, key: string): Promise<boolean>;
  /** A parked one goes on where it stood. */
  retry(service: string, key: string): Promise<void>;
  /** It tries nothing more, undoes what was done, and apologises for what cannot be undone. */
  abandon(service: string, key: string, why: string): Promise<void>;
  apologies(): readonly OpenApology[];
  /** `step` is STEP/N. */
  resolve(service: string, key: string, step: string, note: string): Promise<void>;
}

/** One contract's sagas, and the log they are in. */
export interface OperatedSagas {
  readonly host: SagaHost;
  readonly writer: LogWriter;
}

const listedMax = 1_000;
/** Sagas whose journals are read at the same time. */
const readingMax = 32;

export function sagaOperator(all: () => readonly OperatedSagas[], nowMs: () => number): SagaOperator {
  const outside = async (service: string, key: string, input: OutsideInput): Promise<void> => {
    const { host, plain } = await found(all(), service, key);
    const reply = await host.outside(plain, input);
    if (reply.kind === "refused")
      throw new Failure("SAGA_NOT_RUNNING", { what: reply.why, at: `service "${service}", saga ${host.name}/${plain}` });
  };
  return {
    async list({ state, max = listedMax } = {}) {
      const entries: SagaSummary[] = [];
      let page: Found[] = [];
      let more = false;
      const flush = async (): Promise<void> => {
        for (const summary of await summariesOf(page)) {
          if (state !== undefined && summary.state !== state) continue;
          if (entries.length < max) entries.push(summary);
          else more = true;
        }
        page = [];
      };
      for (const { host, writer } of all()) {
        try {
          for await (const { key } of alarmsOf(writer, host.name)) {
            if (!host.serves(key)) continue;
            page.push({ host, key });
            if (page.length >= readingMax) await flush();
            if (more) break;
          }
        } catch (error) {
          throw error instanceof JournalError ? journalFailure(error, `service "${host.service}"`) : error;
        }
      }
      await flush();
      return { entries, more };
    },
    async show(service, key) {
      const { host, plain, state } = await found(all(), service, key);
      const { input, caller, entries, cause, undone, apologies, outcome } = state;
      return { ...summaryOf(host, plain, state), input, caller, entries, cause, undone: undone.map(idText), apologies, outcome };
    },
    isHere: async (service, key) => (await matching(all(), service, key)).length > 0,
    retry: (service, key) => outside(service, key, { kind: "Resumed" }),
    abandon: (service, key, why) => outside(service, key, { kind: "Abandoned", why }),
    apologies: () => all().flatMap(({ host }) => apologiesOf(host, nowMs())),
    resolve(service, key, id, note) {
      const [, step = id, n = "1"] = /^(.+)\/(\d+)$/.exec(id) ?? [];
      return outside(service, key, { kind: "Resolved", step, n: Number(n), note });
    },
  };
}

interface Found {
  readonly host: SagaHost;
  readonly key: string;
}

/** Read at the same time; one after the other where there is no room in memory for so many. */
async function summariesOf(page: readonly Found[]): Promise<readonly SagaSummary[]> {
  const read = async ({ host, key }: Found): Promise<SagaSummary> => summaryOf(host, key, (await host.stateOf(key)).state);
  try {
    return await Promise.all(page.map(read));
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "OVERLOADED") throw error;
    const summaries: SagaSummary[] = [];
    for (const one of page) summaries.push(await read(one));
    return summaries;
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

function summaryOf(host: SagaHost, key: string, state: SagaState): SagaSummary {
  const owes = openApologies(state);
  const phase: SagaPhase = state.phase === "ended" && owes.length > 0 ? "apologising" : (state.phase as Exclude<Phase, "none">);
  return {
    service: host.service,
    saga: host.name,
    key,
    state: phase,
    version: state.version,
    started: iso(state.startedAt),
    changed: iso(state.at),
    detail: detailOf(state, owes.map(idText)),
  };
}

function detailOf(state: SagaState, owes: readonly string[]): string {
  if (owes.length > 0) return `owes an apology for ${owes.join(", ")}`;
  if (state.phase === "parked") return state.parked ?? "";
  if (state.phase === "suspended") return `waits, until ${iso(state.wakeAt ?? 0)} at most`;
  if (state.phase === "undoing") return `has turned: ${state.cause?.kind ?? ""}`;
  const { outcome } = state;
  if (outcome === null) return `${state.entries.length} entries`;
  return outcome.kind === "failure" ? outcome.what : outcome.kind === "rejection" ? `rejected with ${outcome.name}` : "done";
}

const apologiesOf = (host: SagaHost, nowMs: number): readonly OpenApology[] =>
  [...host.inNeed].flatMap(([key, state]) =>
    openApologies(state).map((apology) => ({
      service: host.service,
      saga: host.name,
      key,
      step: idText(apology),
      owner: apology.owner,
      since: iso(apology.at),
      due: iso(apology.due),
      overdue: apology.due < nowMs,
      reason: apology.why,
    })),
  );

interface Match {
  readonly host: SagaHost;
  readonly plain: string;
  readonly state: SagaState;
}

/** Those that live here and that `key` may mean. */
async function matching(all: readonly OperatedSagas[], service: string, key: string): Promise<readonly Match[]> {
  const matches: Match[] = [];
  for (const { host, plain } of candidates(all, service, key)) {
    if (!host.serves(plain)) continue;
    const { state } = await host.stateOf(plain);
    if (state.phase !== "none") matches.push({ host, plain, state });
  }
  return matches;
}

const candidates = (all: readonly OperatedSagas[], service: string, key: string) =>
  all.flatMap(({ host, writer }) => {
    const typed = `${host.name}/`;
    const plains = key.startsWith(typed) ? [key, key.slice(typed.length)] : [key];
    return host.service === service ? plains.flatMap((plain) => (plain === "" ? [] : [{ host, writer, plain }])) : [];
  });

async function found(all: readonly OperatedSagas[], service: string, key: string): Promise<Match> {
  const matches = await matching(all, service, key);
  const [match] = matches;
  // What lives with other instances is none of this one's matches, but a key that means it as well is no clear word.
  const others = match ? await elsewhere(all, service, key) : [];
  if (match && matches.length + others.length === 1) return match;
  const own = all.filter(({ host }) => host.service === service);
  const names = own.map(({ host }) => host.name).join(", ");
  const several = [...matches.map(({ host, plain }) => `${host.name}/${plain}`), ...others].join(" or ");
  const what = match
    ? `"${key}" names several: write ${several}`
    : own.length > 0
      ? `there is no saga "${key}" (of ${names})`
      : `there is no service "${service}" with sagas`;
  throw new Failure("SAGA_NOT_RUNNING", { what, at: `service "${service}"` });
}

/** Those that `key` may mean and that the index knows of in partitions of other instances. Rejects with a `Failure`. */
async function elsewhere(all: readonly OperatedSagas[], service: string, key: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { host, writer, plain } of candidates(all, service, key)) {
    if (host.serves(plain)) continue;
    try {
      const { entry } = await writer.within(writer.journal.lookup(writer.partitionOf(host.name, plain), host.name, plain));
      if (entry) names.push(`${host.name}/${plain}`);
    } catch (error) {
      throw error instanceof JournalError ? journalFailure(error, `service "${service}"`) : error;
    }
  }
  return names;
}
