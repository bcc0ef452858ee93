// A power failure leaves some beginning of the WAL, the last frame perhaps torn. A process writes a log and is killed;
// then the log is opened on every beginning of its WAL: it must hold exactly the commits whose commit frame is complete.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ProcessUnderTest, service, storedIds } from "./process-under-test.ts";
import { temporaryDirectory } from "./sqlite-under-test.ts";

/** https://www.sqlite.org/fileformat2.html#walformat */
const headerBytes = 32;
const frameHeaderBytes = 24;
const frameBytes = frameHeaderBytes + 4_096;
/** Take-overs, one a partition, that come before the appends. */
const takeOvers = 4;
/** Logs opened at a time. */
const lanes = 4;

interface Image {
  readonly database: Buffer;
  readonly wal: Buffer;
}

const files = (directory: string): { readonly database: string; readonly wal: string } => ({
  database: join(directory, service, "log.db"),
  wal: join(directory, service, "log.db-wal"),
});

async function imageOf(directory: string): Promise<Image> {
  const { database, wal } = files(directory);
  return { database: await readFile(database), wal: await readFile(wal) };
}

/** Both random numbers of the header: they change when the WAL starts again from its beginning. */
const saltsOf = (wal: Buffer): string => wal.subarray(16, 24).toString("hex");

/** For each frame of the WAL's present generation whether a commit ends with it. */
function commitFrames(wal: Buffer): readonly boolean[] {
  const commits: boolean[] = [];
  for (let at = headerBytes; at + frameBytes <= wal.length; at += frameBytes) {
    if (wal.subarray(at + 8, at + 16).toString("hex") !== saltsOf(wal)) break;
    commits.push(wal.readUInt32BE(at + 4) !== 0);
  }
  return commits;
}

/** Where a beginning may end: at every frame's end, and in the middle of it, in one of several ways in turn. */
function endsOf(frames: number): readonly number[] {
  const torn = [1, frameHeaderBytes - 1, frameHeaderBytes, frameHeaderBytes + 100, 2_048, frameBytes - 1];
  const ends = [0, 1, headerBytes - 1, headerBytes];
  for (let frame = 0; frame < frames; frame++) {
    const start = headerBytes + frame * frameBytes;
    ends.push(start + (torn[frame % torn.length] as number), start + frameBytes);
  }
  return ends;
}

/** Ids of the first `appends` appends by partition, in order. */
function idsAfter(under: ProcessUnderTest, appends: number): readonly (readonly string[])[] {
  const ids: string[][] = Array.from({ length: takeOvers }, () => []);
  for (const line of under.said("+").slice(0, appends)) {
    const [id, ...rows] = line.split(" ");
    for (const row of rows) {
      const [p, , count] = row.split(":").map(Number) as [number, number, number];
      for (let i = 0; i < count; i++) ids[p]?.push(`${id}.${p}.${i}`);
    }
  }
  return ids;
}

/** Opens a log with each of the WALs; `expected` are the ids it must hold. */
async function openEach(
  database: Buffer,
  cases: readonly { readonly wal: Buffer; readonly expected: readonly (readonly string[])[]; readonly title: string }[],
): Promise<void> {
  const queue = [...cases];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const directory = await temporaryDirectory();
      const { database: databaseFile, wal } = files(directory);
      await mkdir(join(directory, service));
      await writeFile(databaseFile, database);
      await writeFile(wal, next.wal);
      assert.deepEqual(await storedIds(directory), next.expected, next.title);
      await rm(directory, { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

test("sqlite: a log opened on any beginning of its WAL holds exactly the commits that are complete in it", async () => {
  const directory = await temporaryDirectory();
  await using under = new ProcessUnderTest(directory);
  assert((await under.does("append 9")) && (await under.does("append 2 6000")));
  await under.kill();
  const { database, wal } = await imageOf(directory);
  const commits = commitFrames(wal);
  assert.equal(commits.filter(Boolean).length, takeOvers + 11);
  await openEach(
    database,
    endsOf(commits.length).map((end) => {
      const whole = Math.max(0, Math.floor((end - headerBytes) / frameBytes));
      const committed = commits.slice(0, whole).filter(Boolean).length;
      return { wal: wal.subarray(0, end), expected: idsAfter(under, Math.max(0, committed - takeOvers)), title: `${end} bytes of the WAL` };
    }),
  );
  await rm(directory, { recursive: true });
});

test("sqlite: a WAL that is partly written over an older generation of itself gives exactly the commits complete in the newer one", async () => {
  const directory = await temporaryDirectory();
  await using under = new ProcessUnderTest(directory);
  // Far more than a checkpoint's worth; then one commit a time, until one begins the WAL anew.
  assert(await under.does("append 400"));
  let older = await imageOf(directory);
  let newer = older;
  while (saltsOf(newer.wal) === saltsOf(older.wal)) {
    older = newer;
    assert(await under.does("append 1 1000"));
    newer = await imageOf(directory);
  }
  const before = under.said("+").length - 1;
  assert(await under.does("append 8"));
  await under.kill();
  const { database, wal } = await imageOf(directory);
  const commits = commitFrames(wal);
  assert.equal(commits.filter(Boolean).length, 9, "the WAL has not been begun anew again");
  assert(older.wal.length >= headerBytes + commits.length * frameBytes, "the older generation is longer");
  await openEach(
    database,
    endsOf(commits.length).map((end) => {
      const whole = Math.max(0, Math.floor((end - headerBytes) / frameBytes));
      const committed = commits.slice(0, whole).filter(Boolean).length;
      const mixed = Buffer.concat([wal.subarray(0, end), older.wal.subarray(end)]);
      return { wal: mixed, expected: idsAfter(under, before + committed), title: `${end} bytes of the newer generation` };
    }),
  );
  await rm(directory, { recursive: true });
});
