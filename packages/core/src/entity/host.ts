// All entities of one type in one process: finds or brings back the one that is addressed, keeps memory within its
// bounds, and keeps quarantined keys out.
import { Deque } from "../base/deque.ts";
import { Failure } from "../base/failure.ts";
import { JournalError, journalFailure, type LogWriter, type QuarantineEntry } from "../journal/index.ts";
import type { Deadlines, LogIdentity, Message } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { AnyEntity } from "./definition.ts";
import { toldBefore } from "./departure.ts";
import { EntityKernel } from "./kernel.ts";
import type { EntityLimits } from "./limits.ts";
import { recoverMemory } from "./recovery.ts";
import type { Remembered } from "./remembered.ts";
import { Resident, type Residence } from "./resident.ts";

export interface EntityHostInit {
  readonly service: string;
  readonly entity: AnyEntity;
  readonly writer: LogWriter;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: EntityLimits;
  readonly quarantined: readonly QuarantineEntry[];
}

/** Keys whose failures are counted at the same time; of more, the one that failed longest ago starts anew. */
const failingKeysMax = 10_000;
/** Keys in quarantine whose marks are kept at the same time; of more, they are read from the log again when they are asked for. */
const memoriesMax = 1_000;

export class EntityHost implements Residence {
  readonly service: string;
  readonly log: LogIdentity;
  readonly kernel: EntityKernel;
  readonly writer: LogWriter;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: EntityLimits;
  readonly #residents = new Map<string, Resident>();
  readonly #quarantined: Map<string, QuarantineEntry>;
  /** Failures in a row, by key; those of a key that left memory meanwhile count on. */
  readonly #strikes = new Map<string, number>();
  /** One instance of each name of a stream, for the marks of all entities: as many as there are streams. */
  readonly #streams = new Map<string, string>();
  /** Entities that wait for their turn to read the log. */
  readonly #recoveries = new Deque<Resident>();
  /** Of keys in quarantine that were told something since. */
  readonly #memories = new Map<string, Promise<Remembered>>();
  #recovering = 0;
  #oldest: Resident | undefined;
  #newest: Resident | undefined;
  #bytes = 0;

  constructor(init: EntityHostInit) {
    this.service = init.service;
    const { logId, timeline } = init.writer.journal.meta;
    this.log = { service: init.service, logId, timeline };
    this.kernel = new EntityKernel(init.entity, init.runtime.mode === "development");
    this.writer = init.writer;
    this.runtime = init.runtime;
    this.deadlines = init.deadlines;
    this.limits = init.limits;
    this.#quarantined = new Map(init.quarantined.filter((entry) => entry.type === this.kernel.type).map((entry) => [entry.key, entry]));
    const labels = { service: this.service, entity: this.kernel.type };
    const { metrics } = this.runtime;
    metrics.gauge("atoll_entities_resident", "Entities in memory.", labels, () => this.#residents.size);
    metrics.gauge("atoll_entities_resident_bytes", "Estimated bytes of the entities in memory.", labels, () => this.#bytes);
    metrics.gauge("atoll_entities_quarantined", "Keys kept from running.", labels, () => this.#quarantined.size);
    metrics.gauge("atoll_recoveries_waiting", "Entities waiting to read their log.", labels, () => this.#recoveries.length);
    metrics.gauge("atoll_mailbox_messages", "Messages of all entities that are not answered yet.", labels, () => {
      let load = 0;
      for (const resident of this.#residents.values()) load += resident.load;
      return load;
    });
  }

  receive(message: Message): void {
    const resident = this.#residents.get(message.key);
    if (resident && this.#quarantined.size === 0) resident.receive(message);
    else if (this.#quarantined.has(message.key)) this.refuse(message);
    else if (resident) resident.receive(message);
    else this.#enter(message);
  }

  refuse(message: Message): void {
    if (message.told) void this.#refuseUnlessTold(message);
    else message.fail(this.#refusal(message));
  }

  /** What was applied before the quarantine has been delivered, also if that is asked again. */
  async #refuseUnlessTold(message: Message): Promise<void> {
    const { key } = message;
    this.deadlines.watch(message);
    if (this.#residents.has(key))
      return message.fail(new Failure("UNAVAILABLE", { what: "commands of it are still being stored", at: message.address }));
    try {
      let memory = this.#memories.get(key);
      if (!memory) {
        const { type } = this.kernel;
        memory = recoverMemory(this.writer, this.writer.partitionOf(type, key), type, key, this.limits.receiptsMax, this.sharedStream);
        this.#memories.set(key, memory);
        keepNewest(this.#memories, memoriesMax);
      }
      if ((await memory).find(message) === "told") message.answer(toldBefore);
      else message.fail(this.#refusal(message));
    } catch (error) {
      this.#memories.delete(key);
      if (!(error instanceof JournalError)) throw error;
      message.fail(journalFailure(error, message.address));
    }
  }

  #refusal(message: Message): Failure {
    const entry = this.#quarantined.get(message.key);
    const since = entry ? `, since ${new Date(entry.since).toISOString()}` : "";
    return new Failure("QUARANTINED", { what: `${entry?.reason ?? "it kept failing"}${since}`, at: `${this.service}: ${message.address}` });
  }

  /** Whoever is asked by `key` will hardly be asked again soon: it leaves memory, if it has nothing left to do. */
  dismiss(key: string): void {
    const resident = this.#residents.get(key);
    if (resident?.idle) this.remove(resident);
  }

  // ── called by residents ─────────────────────────────────────────────────────────────────────────────────────────

  readonly sharedStream = (stream: string): string => {
    const known = this.#streams.get(stream);
    if (known === undefined) this.#streams.set(stream, stream);
    return known ?? stream;
  };

  /** Makes `resident` the one used last. */
  used(resident: Resident): void {
    const { older, newer } = resident;
    if (this.#newest === resident || (!older && !newer)) return; // without neighbours it is alone, or has left
    this.#unlink(resident);
    this.#link(resident);
  }

  resized(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.limits.residentBytesMax) this.#makeRoom(1);
  }

  restart(resident: Resident): void {
    this.#recoveries.push(resident);
    this.#recoverNext();
  }

  remove(resident: Resident): void {
    if (this.#residents.get(resident.key) !== resident) return;
    this.#residents.delete(resident.key);
    this.#unlink(resident);
    this.#bytes -= resident.bytes;
    resident.leave();
  }

  failed(key: string): number {
    const strikes = (this.#strikes.get(key) ?? 0) + 1;
    this.#strikes.delete(key);
    this.#strikes.set(key, strikes);
    keepNewest(this.#strikes, failingKeysMax);
    return strikes;
  }

  succeeded(key: string): void {
    if (this.#strikes.size > 0) this.#strikes.delete(key);
  }

  /** From now on every message to `key` is refused; stored as well, so that it holds after a restart. */
  quarantine(key: string, reason: string, offset: number | undefined): void {
    const entry: QuarantineEntry = {
      type: this.kernel.type,
      key,
      since: this.runtime.clock.now(),
      reason,
      ...(offset === undefined ? {} : { offset }),
    };
    this.#quarantined.set(key, entry);
    this.runtime.logger.log("error", "entity.quarantined", { service: this.service, type: entry.type, key, reason });
    this.writer.journal.quarantine(entry).catch((error: unknown) => {
      // It holds in this process; after a restart the key fails again and comes back here.
      this.runtime.logger.log("error", "entity.quarantine_not_stored", { service: this.service, type: entry.type, key, error });
    });
  }

  // ── operator ────────────────────────────────────────────────────────────────────────────────────────────────────

  quarantined(): readonly QuarantineEntry[] {
    return [...this.#quarantined.values()];
  }

  /** The next message brings the entity back from its log. False if the key was not quarantined. */
  async release(key: string): Promise<boolean> {
    if (!this.#quarantined.has(key)) return false;
    await this.writer.journal.release(this.kernel.type, key);
    this.#quarantined.delete(key);
    this.#memories.delete(key);
    this.#strikes.delete(key);
    this.runtime.logger.log("info", "entity.released", { service: this.service, type: this.kernel.type, key });
    this.#residents.get(key)?.release();
    return true;
  }

  // ── memory ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #enter(message: Message): void {
    const { residentsMax } = this.limits;
    if (this.#residents.size >= residentsMax && !this.#makeRoom(Math.ceil(residentsMax / 100))) {
      message.fail(new Failure("OVERLOADED", { what: `${residentsMax} entities are in memory and none is idle`, at: message.address }));
      return;
    }
    const { key } = message;
    const partition = this.writer.partitionOf(this.kernel.type, key);
    const resident = new Resident(this, key, partition);
    this.#residents.set(key, resident);
    this.#link(resident);
    const isNew = this.writer.isUnwritten(partition, this.kernel.type, key);
    if (isNew) resident.begin();
    resident.receive(message);
    if (!isNew) this.restart(resident);
  }

  /** Lets idle entities go, the longest unused first, until `count` have left and memory is within its bound. */
  #makeRoom(count: number): boolean {
    const { residentBytesMax } = this.limits;
    let left = 0;
    let looked = 0;
    for (
      let resident = this.#oldest;
      resident && (left < count || this.#bytes > residentBytesMax) && looked < 10 * count + 1_000;
      looked++
    ) {
      const { newer }: Resident = resident;
      if (resident.idle) {
        resident.considerSnapshot();
        this.remove(resident);
        left += 1;
      }
      resident = newer;
    }
    return left > 0;
  }

  #recoverNext(): void {
    while (this.#recovering < this.limits.recoveriesMax) {
      const resident = this.#recoveries.shift();
      if (!resident) return;
      this.#recovering += 1;
      resident
        .recover()
        .catch((error: unknown) => {
          this.runtime.logger.log("error", "entity.recovery_bug", {
            service: this.service,
            type: this.kernel.type,
            key: resident.key,
            error,
          });
          this.quarantine(resident.key, error instanceof Error ? error.message : String(error), undefined);
        })
        .finally(() => {
          this.#recovering -= 1;
          this.#recoverNext();
        });
    }
  }

  #link(resident: Resident): void {
    resident.older = this.#newest;
    if (this.#newest) this.#newest.newer = resident;
    else this.#oldest = resident;
    this.#newest = resident;
  }

  #unlink(resident: Resident): void {
    const { older, newer } = resident;
    if (older) older.newer = newer;
    else if (this.#oldest === resident) this.#oldest = newer;
    if (newer) newer.older = older;
    else if (this.#newest === resident) this.#newest = older;
    resident.older = undefined;
    resident.newer = undefined;
  }
}

/** Drops the entry that was set longest ago, if there is one too many. */
function keepNewest(entries: Map<string, unknown>, max: number): void {
  const [oldest] = entries.size > max ? entries.keys() : [];
  if (oldest !== undefined) entries.delete(oldest);
}
