// What two nodes say to each other over a link, as JSON arrays; node, service and incarnation of the other end are the link's
// business. Every request has a number of the asking end's, and one response, unless it was given up.
//
//   request   [n, left, "ask", contract, version, operation, key, id, minted, told, read, session, input?]
//             [n, 0, "describe", contract, version, topic]                     which log, and its heads
//             [n, 0, "read", contract, version, topic, logId, timeline, partition, from, bytesMax]
//             [n, 0, "history", contract, version, topic, logId, timeline, key, from, bytesMax]
//             [n, 0, "heads"]   [n, 0, "health"]   [n, 0, "metrics"]           of the service that the node runs
//             [n, 0, "cancel"]                                                 nobody waits for n any more
//   response  [n, "reply", replayed, session, given?]      [n, "rejection", name, replayed, session, given?]
//             [n, "failure", code, what, at, issues]       [n, "again", why]   certainly not taken: ask somebody else, or later
//             [n, "log", logId, timeline, heads]           [n, "page", next, items]
//             [n, "health", services]                      [n, "metrics", leftOut, families]
//
// `left`: of the asker's time, in milliseconds; a question to the node itself has no deadline. Values travel in the form in which they were given, and each end takes them by its own schema. `minted` is null for an id in
// free form; `session` is "" for none, and in an answer also if it has not changed; what is absent has no last member.
// An item is [offset, index, key, version, now, caller, data]. A family is [name, kind, help, lines]; `leftOut` says how many had no room.
import { Failure, failures, type FailureCode, type Issue } from "../../base/failure.ts";
import type { Moment } from "../../contract/index.ts";
import type { Told } from "../../journal/index.ts";
import type { MetricFamily } from "../../runtime/index.ts";
import type { ServiceHealth } from "../edge.ts";

export interface Ask {
  readonly kind: "ask";
  readonly contract: string;
  readonly version: number;
  readonly operation: string;
  readonly key: string;
  /** "" for a query. */
  readonly id: string;
  readonly minted: number | undefined;
  readonly told: Told | undefined;
  readonly read: "strong" | "local";
  readonly session: string;
  readonly input: unknown;
}

export interface TopicName {
  readonly contract: string;
  readonly version: number;
  readonly topic: string;
}

export interface LogName {
  readonly logId: string;
  readonly timeline: number;
}

export type Asked =
  | Ask
  | ({ readonly kind: "describe" } & TopicName)
  | ({ readonly kind: "read"; readonly partition: number; readonly from: number; readonly bytesMax: number } & TopicName & LogName)
  | ({ readonly kind: "history"; readonly key: string; readonly from: number; readonly bytesMax: number } & TopicName & LogName)
  | { readonly kind: "heads" }
  | { readonly kind: "health" }
  | { readonly kind: "metrics" }
  | { readonly kind: "cancel" };

export interface WireItem {
  readonly offset: number;
  readonly index: number;
  readonly at: Moment;
  readonly data: unknown;
}

export type Responded =
  | { readonly kind: "reply"; readonly replayed: boolean; readonly session: string; readonly given: unknown }
  | { readonly kind: "rejection"; readonly name: string; readonly replayed: boolean; readonly session: string; readonly given: unknown }
  | { readonly kind: "failure"; readonly failure: Failure }
  | { readonly kind: "again"; readonly why: string }
  | ({ readonly kind: "log"; readonly heads: readonly number[] } & LogName)
  | { readonly kind: "page"; readonly next: number; readonly items: readonly WireItem[] }
  | { readonly kind: "health"; readonly services: readonly ServiceHealth[] }
  | { readonly kind: "metrics"; readonly leftOut: number; readonly families: readonly MetricFamily[] };

/** What follows the number of a request or a response, up to the end of its array. */
export type Rest = string;

export const request = (n: number, leftMs: number, rest: Rest): string => `[${n},${leftMs},${rest}`;

export const response = (n: number, rest: Rest): string => `[${n},${rest}`;

const restOf = (members: readonly unknown[]): Rest => JSON.stringify(members).slice(1);

export function askRest({ contract, version, operation, key, id, minted, told, read, session, input }: Ask): Rest {
  const members: unknown[] = ["ask", contract, version, operation, key, id, minted ?? null, told ?? null, read, session];
  if (input !== undefined) members.push(input);
  return restOf(members);
}

export const describeRest = ({ contract, version, topic }: TopicName): Rest => restOf(["describe", contract, version, topic]);

export const readRest = (name: TopicName & LogName, partition: number, from: number, bytesMax: number): Rest =>
  restOf(["read", name.contract, name.version, name.topic, name.logId, name.timeline, partition, from, bytesMax]);

export const historyRest = (name: TopicName & LogName, key: string, from: number, bytesMax: number): Rest =>
  restOf(["history", name.contract, name.version, name.topic, name.logId, name.timeline, key, from, bytesMax]);

export const headsRest: Rest = restOf(["heads"]);

export const healthRest: Rest = restOf(["health"]);

export const metricsRest: Rest = restOf(["metrics"]);

export const cancelRest: Rest = restOf(["cancel"]);

export function replyRest(replayed: boolean, session: string, given: unknown): Rest {
  return restOf(given === undefined ? ["reply", replayed, session] : ["reply", replayed, session, given]);
}

export function rejectionRest(name: string, replayed: boolean, session: string, given: unknown): Rest {
  return restOf(given === undefined ? ["rejection", name, replayed, session] : ["rejection", name, replayed, session, given]);
}

export const failureRest = ({ code, what, at, issues }: Failure): Rest => restOf(["failure", code, what, at ?? null, issues]);

export const againRest = (why: string): Rest => restOf(["again", why]);

export const logRest = ({ logId, timeline }: LogName, heads: readonly number[]): Rest => restOf(["log", logId, timeline, heads]);

export const healthyRest = (services: readonly ServiceHealth[]): Rest => restOf(["health", services]);

/** Families beyond `charsMax`, in their order, are left out and counted. */
export function familiesRest(families: readonly MetricFamily[], charsMax: number): Rest {
  const entries: unknown[] = [];
  let chars = 0;
  for (const { name, kind, help, lines } of families) {
    chars += lines.reduce((sum, line) => sum + line.length, name.length + help.length);
    if (chars > charsMax) break;
    entries.push([name, kind, help, lines]);
  }
  return restOf(["metrics", families.length - entries.length, entries]);
}

export function pageRest(next: number, items: readonly WireItem[]): Rest {
  const entries = items.map(({ offset, index, at: { key, version, now, caller }, data }) => [
    offset,
    index,
    key,
    version,
    now,
    caller,
    data,
  ]);
  return restOf(["page", next, entries]);
}

/** Says what is wrong with a frame; the link that it came by is closed. */
export class MalformedFrame extends Error {
  override readonly name = "MalformedFrame";
}

/** The members of one frame, taken in order, each of the type that it must have. */
class Members {
  readonly #members: readonly unknown[];
  #at = 0;

  constructor(value: unknown) {
    if (!Array.isArray(value)) throw new MalformedFrame("a frame is an array");
    this.#members = value;
  }

  #next(wanted: string, fits: (member: unknown) => boolean): unknown {
    const member = this.#members[this.#at];
    if (!fits(member)) throw new MalformedFrame(`member ${this.#at} of a frame is ${wanted}`);
    this.#at += 1;
    return member;
  }

  text(): string {
    return this.#next("a text", (member) => typeof member === "string") as string;
  }

  count(): number {
    return this.#next("a whole number from 0", isCount) as number;
  }

  flag(): boolean {
    return this.#next("true or false", (member) => typeof member === "boolean") as boolean;
  }

  amount(): number {
    return this.#next("a number from 0", (member) => typeof member === "number" && member >= 0) as number;
  }

  list(): readonly unknown[] {
    return this.#next("a list", Array.isArray) as readonly unknown[];
  }

  nullable<T>(read: (members: this) => T): T | undefined {
    if (this.#members[this.#at] !== null) return read(this);
    this.#at += 1;
    return undefined;
  }

  /** The last member, undefined if it is absent. */
  last(): unknown {
    const value = this.#members[this.#at];
    if (this.#members.length > this.#at) this.#at += 1;
    return value;
  }

  end(): void {
    if (this.#at !== this.#members.length) throw new MalformedFrame(`a frame of ${this.#at} members has ${this.#members.length}`);
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Throws `MalformedFrame`. */
export function readAsked(value: unknown): { readonly n: number; readonly leftMs: number; readonly asked: Asked } {
  const members = new Members(value);
  const [n, leftMs] = [members.count(), members.amount()];
  const asked = askedOf(members.text(), members);
  members.end();
  return { n, leftMs, asked };
}

function askedOf(kind: string, members: Members): Asked {
  const topicName = (): TopicName => ({ contract: members.text(), version: members.count(), topic: members.text() });
  const logName = (): LogName => ({ logId: members.text(), timeline: members.count() });
  switch (kind) {
    case "ask":
      return {
        kind,
        contract: members.text(),
        version: members.count(),
        operation: members.text(),
        key: members.text(),
        id: members.text(),
        minted: members.nullable((m) => m.count()),
        told: members.nullable((m) => toldOf(m.list())),
        read: members.text() === "local" ? "local" : "strong",
        session: members.text(),
        input: members.last(),
      };
    case "describe":
      return { kind, ...topicName() };
    case "read":
      return { kind, ...topicName(), ...logName(), partition: members.count(), from: members.count(), bytesMax: members.count() };
    case "history":
      return { kind, ...topicName(), ...logName(), key: members.text(), from: members.count(), bytesMax: members.count() };
    case "heads":
    case "health":
    case "metrics":
    case "cancel":
      return { kind };
    default:
      throw new MalformedFrame(`"${kind}" is no request`);
  }
}

function toldOf(list: readonly unknown[]): Told {
  const members = new Members(list);
  const told: Told = [members.text(), members.count()];
  members.end();
  return told;
}

/** Throws `MalformedFrame`. */
export function readResponded(value: unknown): { readonly n: number; readonly responded: Responded } {
  const members = new Members(value);
  const n = members.count();
  const responded = respondedOf(members.text(), members);
  members.end();
  return { n, responded };
}

function respondedOf(kind: string, members: Members): Responded {
  switch (kind) {
    case "reply":
      return { kind, replayed: members.flag(), session: members.text(), given: members.last() };
    case "rejection":
      return { kind, name: members.text(), replayed: members.flag(), session: members.text(), given: members.last() };
    case "failure":
      return {
        kind,
        failure: failureOf(
          members.text(),
          members.text(),
          members.nullable((m) => m.text()),
          members.list(),
        ),
      };
    case "again":
      return { kind, why: members.text() };
    case "log":
      return { kind, logId: members.text(), timeline: members.count(), heads: countsOf(members.list()) };
    case "page":
      return { kind, next: members.count(), items: members.list().map(itemOf) };
    case "health":
      return { kind, services: members.list().map(healthOf) };
    case "metrics":
      return { kind, leftOut: members.count(), families: members.list().map(familyOf) };
    default:
      throw new MalformedFrame(`"${kind}" is no response`);
  }
}

/** A code that only a newer node knows may mean anything. */
function failureOf(code: string, what: string, at: string | undefined, list: readonly unknown[]): Failure {
  const issues = list.map((entry): Issue => {
    const { pointer, detail } = (entry ?? {}) as Partial<Issue>;
    if (typeof pointer !== "string" || typeof detail !== "string") throw new MalformedFrame("an issue has a pointer and a detail");
    return { pointer, detail };
  });
  const known: FailureCode = Object.hasOwn(failures, code) ? (code as FailureCode) : "UNKNOWN_OUTCOME";
  return new Failure(known, { what: known === code ? what : `${code}: ${what}`, issues, ...(at === undefined ? {} : { at }) });
}

function countsOf(list: readonly unknown[]): readonly number[] {
  if (!list.every(isCount)) throw new MalformedFrame("offsets are whole numbers from 0");
  return list as readonly number[];
}

function healthOf(entry: unknown): ServiceHealth {
  const { name, state } = (entry ?? {}) as Partial<ServiceHealth>;
  if (typeof name !== "string" || (state !== "running" && state !== "draining" && state !== "failing"))
    throw new MalformedFrame("the health of a service has a name and a state");
  return entry as ServiceHealth;
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** A line break would let it say anything in the name of others. */
function familyOf(entry: unknown): MetricFamily {
  const members = new Members(entry);
  const [name, kind, help, lines] = [members.text(), members.text(), members.text(), members.list()];
  members.end();
  const isLine = (line: unknown): line is string => typeof line === "string" && !line.includes("\n");
  if (!metricName.test(name) || !isLine(help) || !lines.every(isLine)) throw new MalformedFrame("a family of metrics has a name and lines");
  if (kind !== "counter" && kind !== "gauge" && kind !== "histogram") throw new MalformedFrame(`"${kind}" is no kind of metric`);
  return { name, kind, help, lines };
}

function itemOf(entry: unknown): WireItem {
  const members = new Members(entry);
  const [offset, index] = [members.count(), members.count()];
  const at = { key: members.text(), version: members.count(), now: members.count(), caller: members.text() };
  const data = members.last();
  members.end();
  return { offset, index, at, data };
}
