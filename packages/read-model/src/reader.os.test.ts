// D1, D2 and D4 on real files: one process projects, rebuilds, is killed and started again; this one reads.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Failure } from "@atoll/core";
import { type EventSource, Session } from "@atoll/core/extension";
import { nodeRuntime } from "@atoll/core/runtime/node";
import { SqliteTableStore } from "@atoll/core/tables/sqlite";
import { ReaderUnderTest } from "./reader-under-test.ts";
import { Own, own } from "./tally-under-test.ts";

const script = fileURLToPath(new URL("../test/projecting.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "atoll-readers-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A process that projects, and what it has said. */
class Projecting {
  readonly child: ChildProcess;
  readonly exit: Promise<unknown>;
  acknowledged = 0;
  rebuilds = 0;
  #heard: (() => void) | undefined;

  constructor(data: string) {
    this.child = spawn(process.execPath, [script, data], { stdio: ["ignore", "pipe", "inherit"] });
    this.exit = once(this.child, "exit");
    assert(this.child.stdout);
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      if (line === "+") this.acknowledged += 1;
      if (line === "r") this.rebuilds += 1;
      this.#heard?.();
    });
  }

  async until(reached: (of: this) => boolean): Promise<void> {
    while (!reached(this)) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }
}

/** Of the log that the newest file is of. */
async function logOf(tables: SqliteTableStore): Promise<EventSource["log"]> {
  for (const name of (await tables.names("tallies")).toReversed()) {
    const file = await tables.read("tallies", name).catch(() => undefined);
    const [row] =
      (await file?.query({ sql: "select log, timeline from atoll_position", parameters: [] }).catch(() => undefined))?.rows ?? [];
    await file?.close();
    if (row) return { service: "tallies", logId: row[0] as string, timeline: row[1] as number, partitions: 4 };
  }
  throw new Failure("UNAVAILABLE", { what: "no file has a position yet", at: "test" });
}

interface Row {
  readonly changes: number;
}

test(
  "D2, D4: a process reads on while another one rebuilds without end, is killed in it, and is started again; no query shows less than one before",
  { timeout: 180_000 },
  async () => {
    const tables = new SqliteTableStore(folder, { log: () => {} });
    const runtime = nodeRuntime({ logger: { log: () => {} } });
    let projecting = new Projecting(folder);
    await projecting.until(({ rebuilds }) => rebuilds >= 1);
    let log = await logOf(tables).catch(() => undefined);
    while (!log) log = await logOf(tables).catch(() => undefined);
    const source = { log, head: () => 0 } as unknown as EventSource;
    const unavailable = new Failure("UNAVAILABLE", { what: "here is no way to the host", at: "test" });
    const reader = new ReaderUnderTest({
      model: own,
      service: "tallies",
      runtime,
      tables,
      source: () => Promise.resolve(source),
      host: (message) => message.fail(unavailable),
    });
    let least = 0;
    let answered = 0;
    /** The number of changes that it shows; undefined: it is for the host to say. */
    const ask = async (session?: Session): Promise<number | undefined> => {
      const rows = (await reader.value(Own.all, undefined, session).catch((error: unknown) => {
        assert.equal(error, unavailable);
        return undefined;
      })) as readonly Row[] | undefined;
      const changes = rows?.reduce((sum, row) => sum + row.changes, 0);
      if (changes === undefined) return undefined;
      assert(changes >= least, `${changes} after ${least}`);
      least = changes;
      answered += 1;
      return changes;
    };

    for (let round = 0; round < 3; round++) {
      const before = { rebuilds: projecting.rebuilds, answered, least };
      while (projecting.rebuilds < before.rebuilds + 4 || answered < before.answered + 50 || least === before.least) await ask();
      await projecting.kill();
      const session = new Session();
      let last = await ask(session);
      while (last === undefined) {
        // It was killed between two words: whoever has no file waits for the next host.
        if (readdirSync(join(folder, "tallies", "read-models")).filter((file) => file.endsWith(".db")).length > 1) break;
        last = await ask(session);
      }
      if (last !== undefined) {
        assert.notEqual(session.token, "");
        for (let i = 0; i < 20; i++) assert.equal(await ask(session), last, "nobody writes it now");
      }
      projecting = new Projecting(folder);
      await projecting.until(({ rebuilds, acknowledged }) => rebuilds >= 1 && acknowledged >= 20);
      for (let now = last; now === undefined || now === last;) now = await ask(session);
    }
    await projecting.kill();
    await reader.reader.close();
    assert(answered > 200);
  },
);
