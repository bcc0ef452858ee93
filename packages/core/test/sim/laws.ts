// What must hold of every run, whatever was done to it: the history that clients kept against the log that is on the
// disk. The laws of every log are those of @atoll/core/journal/simulated; here are those that know the ledger. Each law is
// one function and throws with the seed in its message.
import {
  type Attempt,
  BrokenLaw,
  checkAttempts,
  checkIndex,
  checkLog,
  type Heard,
  placedRecords,
  type PlacedRecord,
} from "@atoll/core/journal/simulated";
import { type Asked, type LedgerWorld, serviceName } from "./ledger-world.ts";
import { entriesMax, Ledger } from "./ledger.ts";

export function checkLaws(world: LedgerWorld): void {
  try {
    check(world);
  } catch (error) {
    if (!(error instanceof BrokenLaw)) throw error;
    error.message += ` (seed ${world.world.seed})\n${world.world.trace.last(60)}`;
    throw error;
  }
}

function check({ disk, history, world }: LedgerWorld): void {
  const log = placedRecords(disk.rows(serviceName));
  checkLog(log);
  foldsToTheModel(log);
  checkAttempts(log, history.flatMap(attemptOf));
  for (const asked of history) readIsFresh(asked);
  const image = disk.image(serviceName);
  if (image) checkIndex(log, image);
  for (const { error } of world.failures) throw error;
}

function attemptOf({ operation, key, id, heard, loggedWhenHeard }: Asked): readonly Attempt[] {
  return operation === "count" ? [] : [{ to: Ledger[operation], key, id, heard: heard && heardOf(heard), loggedWhenHeard }];
}

function heardOf(heard: NonNullable<Asked["heard"]>): Heard {
  if (heard.kind === "failure") return heard;
  const { count } = heard;
  return heard.kind === "full" ? { kind: "rejection", name: "Full", details: { count } } : { kind: "reply", value: { count } };
}

/** Every record is what a trivial model of the entity would have decided at its place in the log. */
function foldsToTheModel(log: readonly PlacedRecord[]): void {
  const counts = new Map<string, number>();
  const fail = (what: string): never => {
    throw new BrokenLaw("decide", what);
  };
  for (const { record } of log) {
    const before = counts.get(record.key) ?? 0;
    const where = `record of ${record.command} ${record.id} of ${record.key}`;
    const full = record.command === "put" && before >= entriesMax;
    const events = record.command === "touch" || full ? 0 : 1;
    if (record.events.length !== events) fail(`${where} has ${record.events.length} events at count ${before}`);
    const count = record.command === "clear" ? 0 : before + events;
    const said = full
      ? (record.rejected?.[1] as { count: number } | undefined)?.count
      : (record.reply as { count: number } | undefined)?.count;
    const expected = record.command === "put" && !full ? count : before;
    if (said !== expected) fail(`${where} says ${said} where the model says ${expected}`);
    counts.set(record.key, count);
  }
}

function readIsFresh(asked: Asked): void {
  const { heard, key } = asked;
  if (asked.operation !== "count" || heard?.kind !== "reply" || heard.version === undefined) return;
  if (heard.version < asked.versionAsked) {
    throw new BrokenLaw(
      "strong read",
      `count of ${key} shows version ${heard.version}, ${asked.versionAsked} was committed when it was asked`,
    );
  }
  if (heard.version > asked.versionHeard) {
    throw new BrokenLaw("nothing before its commit", `count of ${key} shows version ${heard.version}, the disk has ${asked.versionHeard}`);
  }
}
