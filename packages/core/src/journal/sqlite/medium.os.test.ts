// A medium that fails: no room, errors of write and of sync. Nothing acknowledged is lost, nothing denied appears, reading
// goes on where it can, and service resumes without a restart once the cause is gone.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { checkAccount, ProcessUnderTest, service, storedIds, strace } from "./process-under-test.ts";
import { temporaryDirectory } from "./sqlite-under-test.ts";

let root = "";
before(async () => {
  root = await temporaryDirectory();
});
after(() => rm(root, { recursive: true, force: true }));

/** A directory with a log that exists, so that its creation is not what fails. */
async function directoryWithLog(name: string): Promise<string> {
  const directory = join(root, name);
  await using under = new ProcessUnderTest(directory);
  assert((await under.does("append 4")) && (await under.does("close")));
  await under.kill();
  return directory;
}

/** `when`: the calls of each thread that fail, in strace's words. */
const failing = (calls: string, error: string, when: string, paths: readonly string[] = []): Promise<readonly string[]> =>
  strace([...paths.flatMap((path) => ["-P", path]), "-e", `trace=${calls}`, "-e", `inject=${calls}:error=${error}:when=${when}`]);

for (const when of ["2..4", "6", "6..9", "8..30"]) {
  test(`sqlite: sync calls ${when} fail with EIO: commits are ambiguous, then service resumes in the same process`, async () => {
    const directory = await directoryWithLog(`eio-${when}`);
    await using under = new ProcessUnderTest(directory, await failing("fsync,fdatasync", "EIO", when));
    assert(await under.says("opened"));
    assert(await under.does("append 40"));
    assert(await under.does("read"));
    const appended = under.said("+").length;
    assert(appended >= 30, `${appended} were appended`);
    assert.equal(appended + under.said("?").length + under.said("-").length, 40, "each append has an answer");
    assert(
      under.lines.some((line) => /^[?~-] .*(ambiguous|failed)$/.test(line)),
      "the fault was felt",
    );
    await under.kill();
    checkAccount([under], await storedIds(directory));
  });
}

test("sqlite: a sync that never works again acknowledges nothing more and loses nothing", async () => {
  const directory = await directoryWithLog("eio-for-ever");
  await using under = new ProcessUnderTest(directory, await failing("fsync,fdatasync", "EIO", "20+"));
  under.tell("append 1000");
  assert(await under.says("~ takeOver", 20));
  const appended = under.said("+").length;
  assert(appended > 0 && under.said("?").length > 0);
  assert(await under.says("~ takeOver", 40));
  assert.equal(under.said("+").length, appended);
  await under.kill();
  checkAccount([under], await storedIds(directory));
});

for (const when of ["1..3", "5..9", "20..60"]) {
  test(`sqlite: write calls ${when} find no room: appends are denied, reads are served, then service resumes`, async () => {
    const directory = await directoryWithLog(`enospc-${when}`);
    await using under = new ProcessUnderTest(directory, await failing("pwrite64", "ENOSPC", when));
    assert(await under.does("append 80 3000"));
    assert(await under.does("read"));
    assert.deepEqual(under.said("?"), [], "no room is definite");
    assert(under.said("+").length >= 10);
    assert(
      under.lines.some((line) => line.endsWith(" full")),
      "the fault was felt",
    );
    await under.kill();
    checkAccount([under], await storedIds(directory));
  });
}

test("sqlite: a write that fails with EIO within a commit is ambiguous, and service resumes", async () => {
  const directory = await directoryWithLog("eio-write");
  await using under = new ProcessUnderTest(directory, await failing("pwrite64", "EIO", "30..33"));
  assert(await under.does("append 40 3000"));
  assert(under.said("?").length > 0);
  assert(under.said("+").length >= 30);
  await under.kill();
  checkAccount([under], await storedIds(directory));
});

/** A command that gives what follows a file system of 2 MB at `directory`, in a mount namespace of its own. */
function smallDisk(directory: string): readonly string[] | undefined {
  const command = ["unshare", "--mount", "--map-root-user", "sh", "-c", `mount -t tmpfs -o size=2m none '${directory}' && exec "$@"`, "sh"];
  const [program, ...rest] = command;
  return spawnSync(program as string, [...rest, "true"]).status === 0 ? command : undefined;
}

test("sqlite: a disk that is full denies appends and serves reads, and service resumes when there is room", async (t) => {
  const directory = join(root, "small");
  await mkdir(directory);
  const disk = smallDisk(directory);
  if (!disk) return t.skip("no permission to mount a file system; writes without room are tested above all the same");
  const script = [...disk, "sh", "-c", `head -c 1000000 /dev/zero > '${directory}/ballast' && exec "$@"`, "sh"];
  await using under = new ProcessUnderTest(directory, script);
  assert(await under.does("append 150 10000"));
  assert(await under.does("read"));
  const appended = under.said("+").length;
  const denied = under.said("-").length;
  assert(appended > 10 && denied > 10, `${appended} appended, ${denied} denied`);
  assert.deepEqual(under.said("?"), []);
  assert(under.said("-").every((line) => line.endsWith(" full")));
  assert.equal(under.said("read").length, 1);
  assert(await under.does(`unlink ${directory}/ballast`));
  assert(await under.does("append 20 10000"));
  assert.equal(under.said("+").length, appended + 20, "everything is appended again");
  assert(await under.does("read"));
  assert(under.lines.includes("log warn journal.checkpoint_failed"));
  const records = under
    .said("+")
    .flatMap((line) => line.split(" ").slice(1))
    .reduce((sum, row) => sum + Number(row.split(":")[2]), 0);
  assert.equal(Number(under.said("read").at(-1)), records);
  assert(await under.does("close"));
  await under.kill();
});

test("sqlite: a start without room or on a failing medium is refused with a failure that may pass, and works later", async () => {
  const directory = await directoryWithLog("start");
  await using killed = new ProcessUnderTest(directory);
  assert(await killed.does("append 30 3000"));
  await killed.kill(); // leaves a WAL, which a start has to bring home
  for (const [calls, error, code] of [
    ["pwrite64", "ENOSPC", "JOURNAL_FULL"],
    ["fsync,fdatasync", "EIO", "JOURNAL_FAILED"],
    ["pread64", "EIO", "JOURNAL_FAILED"],
  ] as const) {
    await using under = new ProcessUnderTest(
      directory,
      await failing(
        calls,
        error,
        "1+",
        ["log.db", "log.db-wal"].map((file) => join(directory, service, file)),
      ),
    );
    assert(await under.says(`failure ${code}`), `${error}: ${under.lines.join()}`);
    assert.equal(await under.ended(), 0);
  }
  checkAccount([killed], await storedIds(directory));
});

test("sqlite: owner.json that cannot be written hinders nobody", async () => {
  const directory = await directoryWithLog("owner-file");
  await mkdir(join(directory, service, "owner.json.new"));
  await writeFile(join(directory, service, "owner.json.new", "in the way"), "");
  await using under = new ProcessUnderTest(directory);
  assert(await under.does("append 2"));
  assert(under.lines.includes("log warn journal.owner_file_failed"));
  await under.kill();
  checkAccount([under], await storedIds(directory));
});
