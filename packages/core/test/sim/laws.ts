// What must hold of every run, whatever was done to it: the history that clients kept against the log that is on the
// disk. Each law is one function and throws with the seed in its message.
import { decodeRecord, type LogRecord } from "@atoll/core/journal";
import { type Asked, type IslandWorld, serviceName } from "./island-world.ts";
import { entriesMax } from "./ledger.ts";

export class BrokenLaw extends Error {
  override readonly name = "BrokenLaw";
}

interface Placed {
  readonly partition: number;
  readonly offset: number;
  readonly epoch: number;
  readonly record: LogRecord;
}

export function checkLaws(island: IslandWorld): void {
  const fail = (law: string, what: string): never => {
    throw new BrokenLaw(`${law}: ${what} (seed ${island.world.seed})\n${island.world.trace.last(60)}`);
  };
  const log = placed(island);
  const byId = new Map<string, Placed[]>();
  for (const entry of log) byId.set(entry.record.id, [...(byId.get(entry.record.id) ?? []), entry]);

  for (const [id, entries] of byId) if (entries.length > 1) fail("apply once", `command ${id} is ${entries.length} times in the log`);
  epochsRise(log, fail);
  foldsToTheModel(log, fail);
  for (const asked of island.history) {
    if (!asked.heard) continue;
    if (asked.operation === "count") readIsFresh(asked, fail);
    else commandIsHonest(asked, byId, island.history, fail);
  }
  indexIsFold(island, log, fail);
  for (const { error } of island.world.failures) throw error;
}

function placed(island: IslandWorld): Placed[] {
  return island.disk.rows(serviceName).flatMap(({ partition, offset, epoch, body }) =>
    body.split("\n").map((line, i) => ({ partition, offset: offset + i, epoch, record: decodeRecord(line, `offset ${offset + i}`) })),
  );
}

type Fail = (law: string, what: string) => never;

function epochsRise(log: readonly Placed[], fail: Fail): void {
  const newest = new Map<number, Placed>();
  for (const entry of log) {
    const before = newest.get(entry.partition);
    if (before && (entry.offset !== before.offset + 1 || entry.epoch < before.epoch)) {
      fail("order", `partition ${entry.partition}: offset ${entry.offset} of epoch ${entry.epoch} follows ${before.offset} of epoch ${before.epoch}`);
    }
    newest.set(entry.partition, entry);
  }
}

/** Every record is what a trivial model of the entity would have decided at its place in the log. */
function foldsToTheModel(log: readonly Placed[], fail: Fail): void {
  const accounts = new Map<string, { count: number; version: number; offset: number }>();
  for (const { offset, record } of log) {
    const account = accounts.get(record.key) ?? { count: 0, version: 0, offset: -1 };
    const where = `record of ${record.command} ${record.id} of ${record.key}`;
    if (record.prev !== account.offset) fail("chain", `${where} points to ${record.prev} instead of ${account.offset}`);
    const full = record.command === "put" && account.count >= entriesMax;
    const events = record.command === "touch" || full ? 0 : 1;
    if (record.events.length !== events) fail("decide", `${where} has ${record.events.length} events at count ${account.count}`);
    const count = record.command === "clear" ? 0 : account.count + events;
    const said = full ? (record.rejected?.[1] as { count: number } | undefined)?.count : (record.reply as { count: number } | undefined)?.count;
    const expected = record.command === "put" && !full ? count : account.count;
    if (said !== expected) fail("decide", `${where} says ${said} where the model says ${expected}`);
    if (record.version !== account.version + events) fail("version", `${where} has version ${record.version} after ${account.version}`);
    accounts.set(record.key, { count, version: record.version, offset });
  }
}

function commandIsHonest(asked: Asked, byId: ReadonlyMap<string, readonly Placed[]>, history: readonly Asked[], fail: Fail): void {
  const { heard, id, key, operation } = asked;
  const entry = byId.get(id)?.[0];
  const what = `${operation} ${id} of ${key}`;
  if (!heard) return;
  if (heard.kind === "failure") {
    // "Not delivered" speaks of this attempt; another one under the same id may have been applied.
    const attempts = history.filter((other) => other.id === id).length;
    if (heard.failure.outcome === "not-delivered" && entry && attempts === 1) {
      fail("told no, never in the log", `${what} failed with ${heard.failure.code} and is at offset ${entry.offset}`);
    }
    return;
  }
  if (!entry) return fail("acknowledged, in the log", `${what} was answered and is not in the log`);
  if (!asked.loggedWhenHeard) fail("nothing before its commit", `${what} was answered before its record was on the disk`);
  const said = entry.record.rejected ? (entry.record.rejected[1] as { count: number }).count : (entry.record.reply as { count: number }).count;
  if ((heard.kind === "full") !== (entry.record.rejected !== undefined) || said !== heard.count) fail("one outcome", `${what} heard ${heard.kind} ${heard.count}, the log says ${said}`);
}

function readIsFresh(asked: Asked, fail: Fail): void {
  const { heard, key } = asked;
  if (heard?.kind !== "reply" || heard.version === undefined) return;
  if (heard.version < asked.versionAsked) fail("strong read", `count of ${key} shows version ${heard.version}, ${asked.versionAsked} was committed when it was asked`);
  if (heard.version > asked.versionHeard) fail("nothing before its commit", `count of ${key} shows version ${heard.version}, the disk has ${asked.versionHeard}`);
}

/** J10: what the index claims is what folding the log up to there gives. */
function indexIsFold(island: IslandWorld, log: readonly Placed[], fail: Fail): void {
  const image = island.disk.image(serviceName);
  if (!image) return;
  for (const { type, key, last, version } of image.entities) {
    const entry = log.find((candidate) => candidate.record.type === type && candidate.record.key === key && candidate.offset === last);
    if (!entry || entry.record.version !== version) fail("index = fold(log)", `${key} is indexed with version ${version} at offset ${last}`);
  }
  const newest = new Map<string, Placed>();
  for (const entry of log) if (entry.offset < (image.partitions[entry.partition]?.indexedTo ?? 0)) newest.set(entry.record.key, entry);
  for (const [key, { offset }] of newest) {
    const indexed = image.entities.find((candidate) => candidate.key === key);
    if (!indexed || indexed.last < offset) fail("index = fold(log)", `${key} has a record at ${offset} below indexedTo that the index does not know`);
  }
}
