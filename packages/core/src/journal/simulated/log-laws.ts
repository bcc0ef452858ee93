// What must hold of every log, of its index, and of everybody who was answered from it, whatever was done to the process
// and its disk. Generic over entities: only records, and the contracts they belong to, are looked at. Simulations check
// these laws after every run; each function throws a `BrokenLaw` for the first thing it finds.
import type { AnyOpRef } from "../../contract/index.ts";
import type { Failure } from "../../base/failure.ts";
import type { Row } from "../journal.ts";
import { decodeRecord, type LogRecord } from "../record.ts";
import type { SimulatedImage } from "./simulated-log.ts";

export class BrokenLaw extends Error {
  override readonly name = "BrokenLaw";
  /** Name of the law: constant, for tests and statistics. */
  readonly law: string;

  constructor(law: string, what: string) {
    super(`${law}: ${what}`);
    this.law = law;
  }
}

/** A record and its place in the log. */
export interface PlacedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly epoch: number;
  readonly record: LogRecord;
}

export type Heard =
  | { readonly kind: "reply"; readonly value: unknown }
  | { readonly kind: "rejection"; readonly name: string; readonly details: unknown }
  | { readonly kind: "failure"; readonly failure: Failure };

/** One delivery of a command to an entity, as whoever sent it saw it. */
export interface Attempt {
  readonly to: AnyOpRef;
  readonly key: string;
  /** Command id: attempts of one command share it. */
  readonly id: string;
  /** Undefined: it was never answered, so nothing is known of it. */
  readonly heard: Heard | undefined;
  /** Whether the command's record was on the disk at the moment when its answer left. */
  readonly loggedWhenHeard: boolean;
}

/** The records of `rows`, in the order of the log. Throws a `JournalError` for one that cannot be read. */
export function placedRecords(rows: readonly Row[]): readonly PlacedRecord[] {
  return rows.flatMap(({ partition, offset, epoch, body }) =>
    body.split("\n").map((line, i) => ({
      partition,
      offset: offset + i,
      epoch,
      record: decodeRecord(line, `partition ${partition}, offset ${offset + i}`),
    })),
  );
}

/** Offsets are dense and epochs rise (J1, J2); an entity's records form one chain, its versions are dense; a command is applied once. */
export function checkLog(log: readonly PlacedRecord[]): void {
  const heads = new Map<number, PlacedRecord>();
  const newest = new Map<string, PlacedRecord>();
  const seen = new Map<string, PlacedRecord>();
  for (const entry of log) {
    const { partition, offset, epoch, record } = entry;
    const before = heads.get(partition);
    if (offset !== (before?.offset ?? -1) + 1 || epoch < (before?.epoch ?? 0)) {
      const follows = before ? `follows ${before.offset} of epoch ${before.epoch}` : "is the first";
      throw new BrokenLaw("order", `partition ${partition}: offset ${offset} of epoch ${epoch} ${follows}`);
    }
    heads.set(partition, entry);

    const entity = entityOf(record);
    const command = `${entity}\0${record.id}`;
    const twin = seen.get(command);
    if (twin) throw new BrokenLaw("apply once", `${nameOf(record)} is in the log twice, at offsets ${twin.offset} and ${offset}`);
    seen.set(command, entry);

    const prior = newest.get(entity);
    if (record.prev !== (prior?.offset ?? -1) || (prior && prior.partition !== partition)) {
      throw new BrokenLaw("chain", `${nameOf(record)} points to ${record.prev}, its entity's previous record is at ${prior?.offset ?? -1}`);
    }
    const version = (prior?.record.version ?? 0) + record.events.length;
    if (record.version !== version) {
      throw new BrokenLaw("version", `${nameOf(record)} has version ${record.version}, by the events before it it is ${version}`);
    }
    newest.set(entity, entry);
  }
}

/** J10: what the index claims is what folding the log up to there gives. */
export function checkIndex(log: readonly PlacedRecord[], image: SimulatedImage): void {
  const entries = new Map(image.entities.map((entry) => [entityOf(entry), entry]));
  const recordAt = new Map(log.map((entry) => [`${entry.partition}.${entry.offset}`, entry.record]));
  const fail = (what: string): never => {
    throw new BrokenLaw("index = fold(log)", what);
  };
  for (const { type, key, partition, last, version } of image.entities) {
    const record = recordAt.get(`${partition}.${last}`);
    if (record?.type !== type || record.key !== key || record.version !== version) {
      fail(`${type}/${key} is indexed with version ${version} at partition ${partition}, offset ${last}`);
    }
  }
  for (const { partition, offset, record } of log) {
    if (offset >= (image.partitions[partition]?.indexedTo ?? 0)) continue;
    const indexed = entries.get(entityOf(record));
    if (!indexed || indexed.last < offset) {
      fail(
        `${record.type}/${record.key} has a record at partition ${partition}, offset ${offset}, below indexedTo, that the index does not know`,
      );
    }
  }
  checkAlarms(log, image, fail);
}

function checkAlarms(log: readonly PlacedRecord[], image: SimulatedImage, fail: (what: string) => never): void {
  const wanted = new Map<string, number>();
  for (const { partition, offset, record } of log) {
    if (record.alarm === undefined || offset >= (image.partitions[partition]?.indexedTo ?? 0)) continue;
    if (record.alarm === null) wanted.delete(entityOf(record));
    else wanted.set(entityOf(record), record.alarm);
  }
  for (const alarm of image.alarms) {
    const due = wanted.get(entityOf(alarm));
    if (due !== alarm.due) fail(`${alarm.type}/${alarm.key} is to be woken at ${alarm.due}, by its records ${due ?? "never"}`);
    wanted.delete(entityOf(alarm));
  }
  for (const [entity, due] of wanted) fail(`${entity.replace("\0", "/")} is to be woken at ${due} and the index does not know`);
}

/**
 * Who was answered finds the command in the log, with that outcome, and found it there already when the answer left. A
 * command all of whose deliveries were certainly not carried out is not in the log.
 */
export function checkAttempts(log: readonly PlacedRecord[], attempts: readonly Attempt[]): void {
  const records = new Map(log.map(({ record }) => [`${entityOf(record)}\0${record.id}`, record]));
  const commands = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const command = `${attempt.to.contract.$.name}\0${attempt.key}\0${attempt.id}`;
    const others = commands.get(command);
    if (others) others.push(attempt);
    else commands.set(command, [attempt]);
  }
  for (const [command, tries] of commands) {
    const record = records.get(command);
    for (const attempt of tries) checkAnswer(attempt, record);
    if (record && tries.every(({ heard }) => heard?.kind === "failure" && toldNo(heard.failure))) {
      const codes = tries.map(({ heard }) => (heard?.kind === "failure" ? heard.failure.code : "")).join(", ");
      throw new BrokenLaw("told no, never in the log", `${nameOf(record)} failed with ${codes} and is in the log`);
    }
  }
}

/** Of an id that was used before with another input, the log holds the other command. */
const toldNo = ({ outcome, code }: Failure): boolean => outcome === "not-delivered" && code !== "COMMAND_ID_REUSED";

function checkAnswer({ to, key, id, heard, loggedWhenHeard }: Attempt, record: LogRecord | undefined): void {
  if (!heard || heard.kind === "failure") return;
  const what = `${to.name} ${id} of ${to.contract.$.name}/${key}`;
  if (!record) throw new BrokenLaw("acknowledged, in the log", `${what} was answered and is not in the log`);
  if (!loggedWhenHeard) throw new BrokenLaw("nothing before its commit", `${what} was answered before its record was on the disk`);
  const said = outcomeText(heard);
  const kept = outcomeText(outcomeOf(to, record));
  if (said !== kept) throw new BrokenLaw("one outcome", `${what} was answered with ${said}, the log says ${kept}`);
}

/** As its receiver reads it: the log keeps what the implementation wrote. */
const outcomeOf = (to: AnyOpRef, { rejected, reply }: LogRecord): Exclude<Heard, { readonly kind: "failure" }> =>
  rejected
    ? { kind: "rejection", name: rejected[0], details: to.checks.rejection(rejected[0], rejected[1]) }
    : { kind: "reply", value: to.checks.reply(reply) };

const outcomeText = (heard: Exclude<Heard, { readonly kind: "failure" }>): string =>
  heard.kind === "reply" ? `reply ${jsonText(heard.value)}` : `rejection ${heard.name} ${jsonText(heard.details)}`;

const jsonText = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
const entityOf = ({ type, key }: { readonly type: string; readonly key: string }): string => `${type}\0${key}`;
const nameOf = ({ command, id, type, key }: LogRecord): string => `${command} ${id} of ${type}/${key}`;
