// Tables for the simulator: the same SQL on SQLite in memory, every operation an event of the world, every answer one of the
// process that asked. A crash takes what was not synced, from some batch on (T4), and lets one that was under way be there
// or not (T1, T6). Faults are drawn from the world's seed.
import { DatabaseSync } from "node:sqlite";
import { assert } from "../../base/assert.ts";
import type { Runtime } from "../../runtime/index.ts";
import { TableDatabase } from "../sqlite/table-database.ts";
import {
  type Group,
  type ReadTableFile,
  type Refusal,
  type Rows,
  type Statement,
  TableError,
  type TableFile,
  type TableStore,
} from "../table-store.ts";

/** Chances of a write, from 0 to 1. */
export interface TableFaults {
  /** It fails before anything is written. */
  readonly failed: number;
  /** It is written and says that it failed (T6). */
  readonly ambiguous: number;
}

const noFaults: TableFaults = { failed: 0, ambiguous: 0 };
/** Short, and in fractions, so that operations overtake each other in whole virtual milliseconds. */
const latencyMs = { min: 0.05, max: 1.5 } as const;

/** What is on the medium. Every batch is kept: a crash plays a prefix of them again. */
class StoredTables {
  readonly batches: (readonly Group[])[] = [];
  database = emptyDatabase();
  synced = 0;
  holder: SimulatedTableStore | undefined;

  write(groups: readonly Group[]): readonly Refusal[] {
    const refusals = this.database.write(groups);
    if (refusals.length === 0) this.batches.push(groups);
    return refusals;
  }

  query(statement: Statement): Rows {
    const { db } = this.database;
    db.exec("pragma query_only = on");
    try {
      return this.database.query(statement);
    } finally {
      db.exec("pragma query_only = off");
    }
  }

  /** What another process has seen only the end of the machine takes, and that takes this process as well (T9). */
  queryApart(statement: Statement): Rows {
    this.synced = this.batches.length;
    return this.query(statement);
  }

  cutTo(length: number): void {
    if (length === this.batches.length) return;
    this.batches.length = length;
    this.database.close();
    this.database = emptyDatabase();
    for (const groups of this.batches) this.database.write(groups);
  }
}

function emptyDatabase(): TableDatabase {
  return new TableDatabase(new DatabaseSync(":memory:", { enableForeignKeyConstraints: false }));
}

interface Pending {
  readonly user: SimulatedTableStore;
  readonly perform: () => void;
  /** What happens instead if the process dies first. */
  readonly survive: () => void;
}

export class SimulatedTables {
  /** May be replaced at any moment. */
  faults: TableFaults = noFaults;
  readonly #world: Pick<Runtime, "random" | "timers">;
  readonly #files = new Map<string, StoredTables>();
  readonly #pending = new Set<Pending>();

  /** `world`: the ports of the simulation, which no process crash stops. */
  constructor(world: Pick<Runtime, "random" | "timers">) {
    this.#world = world;
  }

  /** The store of one process and life. `runtime`: the process's own, so that its answers wait and die with it. */
  store(runtime: Pick<Runtime, "scheduler">): SimulatedTableStore {
    return new SimulatedTableStore(this, runtime);
  }

  /** For laws that look at the medium. Undefined if there is no such file. */
  look(service: string, name: string, statement: Statement): Rows | undefined {
    return this.#files.get(`${service}/${name}`)?.query(statement);
  }

  names(service: string): readonly string[] {
    const prefix = `${service}/`;
    return [...this.#files.keys()].flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : [])).sort();
  }

  open(user: SimulatedTableStore, key: string): StoredTables {
    let file = this.#files.get(key);
    if (!file) this.#files.set(key, (file = new StoredTables()));
    assert(!file.holder?.alive, `${key} is open once at a time`);
    file.holder = user;
    return file;
  }

  /** The file that has this name now. Throws if there is none, or it is not `same` (T10). */
  there(key: string, same?: StoredTables): StoredTables {
    const file = this.#files.get(key);
    if (!file || (same && file !== same)) throw new TableError("failed", `${key} is not there${same ? " any more" : ""}`);
    return file;
  }

  remove(key: string): void {
    const file = this.#files.get(key);
    assert(!file?.holder?.alive, `${key} is removed only when it is closed`);
    file?.database.close();
    this.#files.delete(key);
  }

  chance(): number {
    return this.#world.random.next();
  }

  /** Carries `work` out some time later and answers. Of one user they happen in the order in which they were asked. */
  submit<T>(user: SimulatedTableStore, queue: { last: Promise<unknown> }, work: () => T, survive: () => void): Promise<T> {
    const before = queue.last;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    queue.last = promise.catch(() => undefined);
    const pending: Pending = {
      user,
      survive,
      perform: () => {
        try {
          const value = work();
          user.answer(() => resolve(value));
        } catch (error) {
          user.answer(() => reject(error));
        }
      },
    };
    this.#pending.add(pending);
    void this.#after(before, pending);
    return promise;
  }

  async #after(before: Promise<unknown>, pending: Pending): Promise<void> {
    await before;
    const delayMs = latencyMs.min + this.chance() * (latencyMs.max - latencyMs.min);
    this.#world.timers.after(delayMs, () => {
      if (this.#pending.delete(pending)) pending.perform();
    });
  }

  /** `user` is dead: of what it had asked, something from the first on has happened; what was not synced may be gone. */
  crash(user: SimulatedTableStore): void {
    let going = true;
    for (const pending of this.#pending) {
      if (pending.user !== user) continue;
      this.#pending.delete(pending);
      going &&= this.chance() < 0.5;
      if (going) pending.survive();
    }
    for (const file of this.#files.values()) {
      if (file.holder !== user) continue;
      file.holder = undefined;
      const loose = file.batches.length - file.synced;
      if (loose > 0 && this.chance() < 0.5) file.cutTo(file.synced + Math.floor(this.chance() * (loose + 1)));
      file.synced = file.batches.length;
    }
  }
}

export class SimulatedTableStore implements TableStore {
  readonly #tables: SimulatedTables;
  readonly #runtime: Pick<Runtime, "scheduler">;
  #alive = true;

  constructor(tables: SimulatedTables, runtime: Pick<Runtime, "scheduler">) {
    this.#tables = tables;
    this.#runtime = runtime;
  }

  get alive(): boolean {
    return this.#alive;
  }

  names(service: string): Promise<readonly string[]> {
    return this.#submit(() => this.#tables.names(service));
  }

  async open(service: string, name: string): Promise<TableFile> {
    const key = `${service}/${name}`;
    const file = await this.#submit(() => this.#tables.open(this, key));
    return new SimulatedTableFile(this.#tables, this, key, file);
  }

  async read(service: string, name: string): Promise<ReadTableFile> {
    const key = `${service}/${name}`;
    const file = await this.#submit(() => this.#tables.there(key));
    let closed = false;
    return {
      query: async (statement) => {
        if (closed) throw new TableError("failed", `${key} is closed`);
        return this.#submit(() => this.#tables.there(key, file).queryApart(statement));
      },
      close: () => {
        closed = true;
        return Promise.resolve();
      },
    };
  }

  remove(service: string, name: string): Promise<void> {
    const remove = (): void => this.#tables.remove(`${service}/${name}`);
    return this.#tables.submit(this, { last: Promise.resolve() }, remove, remove);
  }

  answer(task: () => void): void {
    if (!this.#alive) return;
    this.#runtime.scheduler.soon(() => {
      if (this.#alive) task();
    });
  }

  /** The process dies. No answer arrives any more. */
  crash(): void {
    this.#alive = false;
    this.#tables.crash(this);
  }

  #submit<T>(work: () => T): Promise<T> {
    return this.#tables.submit(this, { last: Promise.resolve() }, work, () => undefined);
  }
}

class SimulatedTableFile implements TableFile {
  readonly #tables: SimulatedTables;
  readonly #store: SimulatedTableStore;
  readonly #key: string;
  readonly #file: StoredTables;
  readonly #writes: { last: Promise<unknown> } = { last: Promise.resolve() };
  #closing: Promise<void> | undefined;

  constructor(tables: SimulatedTables, store: SimulatedTableStore, key: string, file: StoredTables) {
    this.#tables = tables;
    this.#store = store;
    this.#key = key;
    this.#file = file;
  }

  async write(groups: readonly Group[]): Promise<readonly Refusal[]> {
    this.#checkOpen();
    const batch = structuredClone(groups); // as it is now, whatever the caller does with its own later
    const work = (): readonly Refusal[] => {
      const { failed, ambiguous } = this.#tables.faults;
      const draw = failed + ambiguous > 0 ? this.#tables.chance() : 1;
      if (draw < failed) throw new TableError("failed", "injected: nothing was written");
      const refusals = this.#file.write(batch);
      if (draw < failed + ambiguous) throw new TableError("failed", "injected: it may have been written");
      return refusals;
    };
    return this.#tables.submit(this.#store, this.#writes, work, () => void this.#file.write(batch));
  }

  async query(statement: Statement): Promise<Rows> {
    this.#checkOpen();
    return this.#tables.submit(
      this.#store,
      { last: Promise.resolve() },
      () => this.#file.query(statement),
      () => undefined,
    );
  }

  async sync(): Promise<void> {
    this.#checkOpen();
    const work = (): void => {
      this.#file.synced = this.#file.batches.length;
    };
    return this.#tables.submit(this.#store, this.#writes, work, () => undefined);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#tables.submit(
      this.#store,
      this.#writes,
      () => {
        if (this.#file.holder === this.#store) this.#file.holder = undefined;
        this.#file.synced = this.#file.batches.length;
      },
      () => undefined,
    ));
  }

  #checkOpen(): void {
    if (this.#closing) throw new TableError("failed", `${this.#key} is closed`);
  }
}
