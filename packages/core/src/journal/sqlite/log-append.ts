// Rows and take-overs, many requests in one commit: one sync serves everybody who waited. The epoch is checked by the
// very statement that inserts the row (J2), density against the cached head (J1), which the primary key backs.
import { assert } from "../../base/assert.ts";
import { type Appended, JournalError } from "../journal.ts";
import type { LogFile } from "./log-file.ts";
import { type FlatRows, flatRowWidth } from "./protocol.ts";
import { linesOf, rowSum } from "./row-sum.ts";

/** A row of more bytes is refused: whoever reads it back holds it in memory at once, several times. */
const rowBytesMax = 64 * 2 ** 20;

export type CommitRequest = readonly ["append", rows: FlatRows] | readonly ["takeOver", partition: number, seen: number, to: number];

export interface TakeOver {
  readonly taken: boolean;
  readonly epoch: number;
}

/** For an append: what became of each row; undefined stands for "every row written", by far the most frequent. */
export type Outcome = readonly Appended[] | undefined | TakeOver | JournalError;

const insertRow =
  "insert into log (p, o, n, epoch, body, sum) select ?, ?, ?, ?, ?, ? where exists (select 1 from partition where id = ? and epoch = ?)";
const raiseEpoch = "update partition set epoch = ?, owner = ? where id = ? and epoch = ?";

/** One outcome per request, in order. If one of them cannot be stored, it alone fails. */
export function commitGroup(log: LogFile, owner: string, group: readonly CommitRequest[]): readonly Outcome[] {
  const before: number[] = []; // partition, head, epoch; the newest change last
  try {
    return log.transaction(group.length === 1 ? (group[0] as CommitRequest)[0] : `${group.length} requests`, framesOf(group), () =>
      group.map((request) => (request[0] === "append" ? append(log, request[1], before) : takeOver(log, owner, request, before))),
    );
  } catch (error) {
    while (before.length > 0) {
      const [p, head, epoch] = before.splice(-3) as [number, number, number];
      Object.assign(partitionAt(log, p), { head, epoch });
    }
    if (!(error instanceof JournalError)) throw error;
    const oneMayBeToBlame = group.length > 1 && (error.kind === "refused" || error.kind === "full");
    return oneMayBeToBlame ? group.flatMap((request) => commitGroup(log, owner, [request])) : group.map(() => error);
  }
}

function append(log: LogFile, rows: FlatRows, before: number[]): readonly Appended[] | undefined {
  let results: Appended[] | undefined;
  for (let i = 0; i < rows.length; i += flatRowWidth) {
    const result = appendRow(
      log,
      rows[i] as number,
      rows[i + 1] as number,
      rows[i + 2] as number,
      rows[i + 3] as number,
      rows[i + 4] as string,
      before,
    );
    if (result !== "written") results ??= new Array<Appended>(rows.length / flatRowWidth).fill("written");
    if (results) results[i / flatRowWidth] = result;
  }
  return results;
}

function appendRow(log: LogFile, p: number, o: number, n: number, epoch: number, body: string, before: number[]): Appended {
  const cache = partitionAt(log, p);
  if (epoch !== cache.epoch) return "fenced";
  if (o !== cache.head) return "misplaced";
  const where = `partition ${p}, offset ${o}`;
  if (linesOf(body) !== n) throw new JournalError("refused", `${where}: a row of ${n} records with ${linesOf(body)} lines`);
  if (Buffer.byteLength(body) > rowBytesMax) throw new JournalError("refused", `${where}: a row of more than ${rowBytesMax} bytes`);
  log.begin();
  const { changes } = log.statement(insertRow).run(p, o, n, epoch, body, rowSum(p, o, n, epoch, body), p, epoch);
  assert(changes === 1, `${where}: epoch ${epoch} is the stored one`);
  before.push(p, cache.head, cache.epoch);
  cache.head = o + n;
  return "written";
}

function takeOver(
  log: LogFile,
  owner: string,
  [, p, seen, to]: Extract<CommitRequest, readonly ["takeOver", ...unknown[]]>,
  before: number[],
): TakeOver {
  const cache = partitionAt(log, p);
  if (cache.epoch !== seen) return { taken: false, epoch: cache.epoch };
  log.begin();
  const { changes } = log.statement(raiseEpoch).run(to, owner, p, seen);
  assert(changes === 1, `partition ${p}: epoch ${seen} is the stored one`);
  before.push(p, cache.head, cache.epoch);
  cache.epoch = to;
  return { taken: true, epoch: cache.epoch };
}

function partitionAt(log: LogFile, p: number): LogFile["partitions"][number] {
  const cache = log.partitions[p];
  if (!cache) throw new JournalError("refused", `there is no partition ${p}, there are ${log.partitions.length}`);
  return cache;
}

/** A row changes a page of the table and one of the index, and fills further ones with its body. */
function framesOf(group: readonly CommitRequest[]): number {
  let frames = 0;
  for (const request of group) {
    if (request[0] === "takeOver") frames += 1;
    else for (let i = 4; i < request[1].length; i += flatRowWidth) frames += 2 + ((request[1][i] as string).length >>> 12);
  }
  return frames;
}
