// What two nodes say to each other over a link, as JSON arrays; node, service and incarnation of the other end are the link's
// business. Every request has a number of the asking end's, and one response, unless it was given up; a stream
// has a batch for each that it was asked for, until it ends with another response.
//
//   request   [n, left, "ask", epoch, contract, version, operation, key, id, minted, told, read, session, trace, input?]
//             [n, 0, "describe", contract, version, topic]                     which log, and its heads
//             [n, 0, "stream", contract, version, topic, logId, timeline, partition, from, bytesMax, demand]
//             [n, 0, "more", demand]                                           of stream n, in all
//             [n, 0, "history", contract, version, topic, logId, timeline, key, from, bytesMax]
//             [n, 0, "heads"]   [n, 0, "health"]   [n, 0, "metrics"]           of the service that the node runs
//             [n, 0, "cancel"]                                                 nobody waits for n any more
//   response  [n, "reply", replayed, session, given?]      [n, "rejection", name, replayed, session, given?]
//             [n, "failure", code, what, at, issues]       [n, "again", why]   certainly not taken: ask somebody else, or later
//             [n, "moved", epoch, taken]   its partition is elsewhere, or will be, under a higher epoch: to be sent there; of what has
//                                          no key: it is for the log's host; unless `taken`, it certainly had no effect here
//             [n, "log", logId, timeline, heads]           [n, "page", next, items]
//             [n, "health", services]                      [n, "batch", number, next, items]   of stream n, one of many
//             [n, "metrics", leftOut, families]
//
// `left`: of the asker's time, in milliseconds; a question to the node itself has no deadline. Values travel in the form in which they were given, and each end takes them by its own schema. `minted` is null for an id in
// free form; `session` is "" for none, and in an answer also if it has not changed; `trace` is a
// `traceparent`, or "" for none; what is absent has no last member.
// An item is [offset, index, key, version, now, caller, data, trace?], where `trace` needs a link of protocol `tracedItems`. A family is [name, kind, help, lines]; `leftOut` says how many had no room.
import { Failure, failures, type FailureCode, type Issue } from "../../base/failure.ts";
import type { Moment } from "../../contract/index.ts";
import type { RecordMessages, Told } from "../../journal/index.ts";
import { traceIn } from "../../mailbox/index.ts";
import type { MetricFamily } from "../../runtime/index.ts";
import type { ServiceHealth } from "../edge.ts";
import { isCount, MalformedFrame, Members } from "./frame-members.ts";

/** Of a link: the first version of its protocol in which items may have a trace (ADR 0041). Readers of an earlier one would take it for damage. */
export const tracedItems = 2;

/** With which what has no key says that it is for the log's host: any other node that gets it answers, or waits, as the host would. */
export const epochForHost = 1;

export interface Ask extends AskedCall {
  readonly kind: "ask";
  /**
   * Under which the asker believes the key's partition to be owned here; of a contract without keys `epochForHost` if it believes that
   * the log is open here, or will be. 0: it believes nothing.
   */
  readonly epoch: number;
}

export interface AskedCall {
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
  readonly trace: string | undefined;
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

export interface AskedStream extends TopicName, LogName {
  readonly kind: "stream";
  readonly partition: number;
  readonly from: number;
  /** Of a batch. */
  readonly bytesMax: number;
  /** Batches, in all. */
  readonly demand: number;
}

export type Asked =
  | Ask
  | ({ readonly kind: "describe" } & TopicName)
  | AskedStream
  | { readonly kind: "more"; readonly demand: number }
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
  readonly trace: string | undefined;
}

/** The next of a stream, counted from 1 since it was opened. */
export interface Batch {
  readonly kind: "batch";
  readonly number: number;
  /** Everything below it is in this batch or before it. */
  readonly next: number;
  readonly items: readonly WireItem[];
}

export type Responded =
  | Batch
  | { readonly kind: "reply"; readonly replayed: boolean; readonly session: string; readonly given: unknown }
  | { readonly kind: "rejection"; readonly name: string; readonly replayed: boolean; readonly session: string; readonly given: unknown }
  /** `code`: as it was sent; one that only a newer node knows may mean anything, so that its failure is UNKNOWN_OUTCOME. */
  | { readonly kind: "failure"; readonly code: string; readonly failure: Failure }
  | { readonly kind: "again"; readonly why: string }
  | { readonly kind: "moved"; readonly epoch: number; readonly taken: boolean }
  | ({ readonly kind: "log"; readonly heads: readonly number[] } & LogName)
  | { readonly kind: "page"; readonly next: number; readonly items: readonly WireItem[] }
  | { readonly kind: "health"; readonly services: readonly ServiceHealth[] }
  | { readonly kind: "metrics"; readonly leftOut: number; readonly families: readonly MetricFamily[] };

/** What follows the number of a request or a response, up to the end of its array. */
export type Rest = string;

export const request = (n: number, leftMs: number, rest: Rest): string => `[${n},${leftMs},${rest}`;

export const response = (n: number, rest: Rest): string => `[${n},${rest}`;

const restOf = (members: readonly unknown[]): Rest => JSON.stringify(members).slice(1);

/** Of an ask, what follows its epoch. `input`: its JSON, if it has one. */
export function askedRest(call: Omit<AskedCall, "input">, input: string | undefined): Rest {
  const { contract, version, operation, key, id, minted, told, read, session, trace } = call;
  const rest = restOf([contract, version, operation, key, id, minted ?? null, told ?? null, read, session, trace ?? ""]);
  return input === undefined ? rest : `${rest.slice(0, -1)},${input}]`;
}

export const askRest = (epoch: number, asked: Rest): Rest => `"ask",${epoch},${asked}`;

export const movedRest = (epoch: number, taken: boolean): Rest => restOf(["moved", epoch, taken]);

export const describeRest = ({ contract, version, topic }: TopicName): Rest => restOf(["describe", contract, version, topic]);

export const streamRest = (name: TopicName & LogName, partition: number, from: number, bytesMax: number, demand: number): Rest =>
  restOf(["stream", name.contract, name.version, name.topic, name.logId, name.timeline, partition, from, bytesMax, demand]);

export const moreRest = (demand: number): Rest => restOf(["more", demand]);

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

export const pageRest = (next: number, entries: readonly string[]): Rest => `"page",${next},[${entries.join(",")}]]`;

export const batchRest = (number: number, next: number, entries: readonly string[]): Rest =>
  `"batch",${number},${next},[${entries.join(",")}]]`;

/** An item of a page or a batch. */
export const entryTextOf = ({ offset, index, at: { key, version, now, caller }, data, trace }: WireItem): string =>
  JSON.stringify(
    trace === undefined ? [offset, index, key, version, now, caller, data] : [offset, index, key, version, now, caller, data, trace],
  );

/** The same, of what was read off a record. */
export const entryText = (
  offset: number,
  { key, version, now, caller }: RecordMessages,
  { index, data }: RecordMessages["messages"][number],
  trace: string | undefined,
): string => `[${offset},${index},${key},${version},${now},${caller},${data}${trace === undefined ? "" : `,"${trace}"`}]`;

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

/** Throws `MalformedFrame`. */
export function readAsked(value: unknown): { readonly n: number; readonly leftMs: number; readonly asked: Asked } {
  const members = new Members(value);
  const [n, leftMs] = [members.count(), members.amount()];
  const asked = askedOf(members.text(), members);
  members.end();
  return { n, leftMs, asked };
}

function askedOf(kind: string, members: Members): Asked {
  switch (kind) {
    case "ask":
      return {
        kind,
        epoch: members.count(),
        contract: members.text(),
        version: members.count(),
        operation: members.text(),
        key: members.text(),
        id: members.text(),
        minted: members.nullable((m) => m.count()),
        told: members.nullable((m) => toldOf(m.list())),
        read: members.text() === "local" ? "local" : "strong",
        session: members.text(),
        trace: traceOf(members.text()),
        input: members.last(),
      };
    case "describe":
      return { kind, ...topicNameOf(members) };
    case "stream":
      return {
        kind,
        ...topicNameOf(members),
        ...logNameOf(members),
        partition: members.count(),
        from: members.count(),
        bytesMax: members.count(),
        demand: members.count(),
      };
    case "more":
      return { kind, demand: members.count() };
    case "history":
      return {
        kind,
        ...topicNameOf(members),
        ...logNameOf(members),
        key: members.text(),
        from: members.count(),
        bytesMax: members.count(),
      };
    case "heads":
    case "health":
    case "metrics":
    case "cancel":
      return { kind };
    default:
      throw new MalformedFrame(`"${kind}" is no request`);
  }
}

const topicNameOf = (members: Members): TopicName => ({ contract: members.text(), version: members.count(), topic: members.text() });

const logNameOf = (members: Members): LogName => ({ logId: members.text(), timeline: members.count() });

function traceOf(text: string): string | undefined {
  if (text === "") return undefined;
  const trace = traceIn(text);
  if (trace === undefined) throw new MalformedFrame("a trace is a traceparent of version 00");
  return trace;
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
    case "failure": {
      const [code, what, at, issues] = [members.text(), members.text(), members.nullable((m) => m.text()), members.list()];
      return { kind, code, failure: failureOf(code, what, at, issues) };
    }
    case "again":
      return { kind, why: members.text() };
    case "moved":
      return { kind, epoch: members.count(), taken: members.flag() };
    case "log":
      return { kind, logId: members.text(), timeline: members.count(), heads: countsOf(members.list()) };
    case "batch":
      return { kind, number: members.count(), next: members.count(), items: members.list().map(itemOf) };
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
  return list;
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
  const trace = members.isEnd ? undefined : traceOf(members.text());
  members.end();
  return { offset, index, at, data, trace };
}
