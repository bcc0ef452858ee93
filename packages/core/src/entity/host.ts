// All entities of one type in one process: finds or brings back the one that is addressed, keeps memory within its
// bounds, and keeps quarantined keys out.
//
// Of the service's partitions some are owned here, others may come and go (ADR 0030):
//
//  E7  given back   What cannot be served here and was certainly not applied is given back, in order of arrival for each entity: what
//                   comes while its partition is not here, what is undecided when it leaves, what is void when it was lost. What
//                   is decided is answered as the log says.
//  E8  confirmed    A strong read is answered only if its partition was owned at some moment after it came, and is given back
//                   otherwise. It shows what was decided before it, as ever: it waits for its turn once, and then to be confirmed.
//  E9  vacated      When `leave` has resolved, nothing of the partition is under way or in memory.
import { Deque } from "../base/deque.ts";
import { Failure } from "../base/failure.ts";
import { JournalError, journalFailure, type LogWriter, type QuarantineEntry, type Tenant } from "../journal/index.ts";
import type { Deadlines, LogIdentity, Message } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { AnyEntity } from "./definition.ts";
import { toldBefore } from "./departure.ts";
import { EntityKernel } from "./kernel.ts";
import type { EntityLimits } from "./limits.ts";
import { recoverMemory } from "./recovery.ts";
import type { Remembered } from "./remembered.ts";
import { keepNewest, Quarantine } from "./quarantine.ts";
import type { Residence } from "./residence.ts";
import { Resident } from "./resident.ts";

export interface EntityHostInit {
  readonly service: string;
  readonly entity: AnyEntity;
  readonly writer: LogWriter;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: EntityLimits;
  readonly quarantined: readonly QuarantineEntry[];
  /** Takes what cannot be served here and was certainly not applied (E7). Without it, that fails as UNAVAILABLE. */
  readonly returned?: (message: Message) => void;
}

/** Keys in quarantine whose marks are kept at the same time; of more, they are read from the log again when they are asked for. */
const memoriesMax = 1_000;

export class EntityHost implements Residence<Resident>, Tenant {
  readonly service: string;
  readonly log: LogIdentity;
  readonly kernel: EntityKernel;
  readonly writer: LogWriter;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: EntityLimits;
  readonly #residents = new Map<string, Resident>();
  readonly #quarantine: Quarantine;
  readonly #returned: (message: Message) => void;
  /** Partitions that are here. */
  readonly #held: Set<number>;
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
    this.#quarantine = new Quarantine(this.kernel.type, init.service, init.writer, init.runtime, init.quarantined);
    this.#returned = init.returned ?? ((message) => message.fail(notHere(message)));
    const { partitions } = init.writer.journal.meta;
    this.#held = new Set(Array.from({ length: partitions }, (_, p) => p).filter((p) => init.writer.owns(p)));
    const labels = { service: this.service, entity: this.kernel.type };
    const { metrics } = this.runtime;
    metrics.gauge("atoll_entities_resident", "Entities in memory.", labels, () => this.#residents.size);
    metrics.gauge("atoll_entities_resident_bytes", "Estimated bytes of the entities in memory.", labels, () => this.#bytes);
    metrics.gauge("atoll_entities_quarantined", "Keys kept from running.", labels, () => this.#quarantine.size);
    metrics.gauge("atoll_recoveries_waiting", "Entities waiting to read their log.", labels, () => this.#recoveries.length);
    metrics.gauge("atoll_mailbox_messages", "Messages of all entities that are not answered yet.", labels, () => {
      let load = 0;
      for (const resident of this.#residents.values()) load += resident.load;
      return load;
    });
  }

  receive(message: Message): void {
    const resident = this.#residents.get(message.key);
    if (resident && this.#quarantine.size === 0) resident.receive(message);
    else if (this.#quarantine.has(message.key)) this.refuse(message);
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
    const partition = this.writer.partitionOf(this.kernel.type, key);
    this.deadlines.watch(message);
    if (this.#residents.has(key))
      return message.fail(new Failure("UNAVAILABLE", { what: "commands of it are still being stored", at: message.address }));
    try {
      let memory = this.#memories.get(key);
      if (!memory) {
        const { type } = this.kernel;
        memory = recoverMemory(this.writer, partition, type, key, this.limits.receiptsMax, this.sharedStream);
        this.#memories.set(key, memory);
        keepNewest(this.#memories, memoriesMax);
      }
      if ((await memory).find(message) === "told") message.answer(toldBefore);
      else if (this.#held.has(partition)) message.fail(this.#refusal(message));
      else this.giveBack(message);
    } catch (error) {
      this.#memories.delete(key);
      if (!(error instanceof JournalError)) throw error;
      message.fail(journalFailure(error, message.address));
    }
  }

  #refusal(message: Message): Failure {
    const entry = this.#quarantine.get(message.key);
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
    return this.#quarantine.failed(key);
  }

  succeeded(key: string): void {
    this.#quarantine.succeeded(key);
  }

  /** From now on every message to `key` is refused. */
  quarantine(key: string, reason: string, offset: number | undefined): void {
    this.#quarantine.add(key, reason, offset);
  }

  isQuarantined(key: string): boolean {
    return this.#quarantine.has(key);
  }

  whenKnown(partition: number): Promise<void> | undefined {
    return this.#quarantine.isKnown(partition) ? undefined : this.#quarantine.read(partition);
  }

  giveBack(message: Message): void {
    if (!message.settled) this.#returned(message);
  }

  // ── partitions that come and go ─────────────────────────────────────────────────────────────────────────────────

  acquired(partition: number): void {
    if (this.#held.has(partition)) return;
    this.#held.add(partition);
    this.#quarantine.acquired(partition);
  }

  async leave(partition: number): Promise<void> {
    this.#forget(partition);
    const vacated = this.#residentsOf(partition).map((resident) => {
      resident.considerSnapshot();
      return resident.vacate();
    });
    await Promise.all(vacated);
  }

  lost(partition: number): void {
    this.#forget(partition);
    for (const resident of this.#residentsOf(partition)) resident.evict();
  }

  #residentsOf(partition: number): readonly Resident[] {
    return [...this.#residents.values()].filter((resident) => resident.partition === partition);
  }

  #forget(partition: number): void {
    this.#held.delete(partition);
    this.#quarantine.forget(partition);
    for (const key of this.#memories.keys()) if (this.writer.partitionOf(this.kernel.type, key) === partition) this.#memories.delete(key);
  }

  // ── operator ────────────────────────────────────────────────────────────────────────────────────────────────────

  quarantined(): readonly QuarantineEntry[] {
    return this.#quarantine.list();
  }

  /** The next message brings the entity back from its log. False if the key was not quarantined. */
  async release(key: string): Promise<boolean> {
    if (!(await this.#quarantine.release(key))) return false;
    this.#memories.delete(key);
    this.#residents.get(key)?.release();
    return true;
  }

  // ── memory ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #enter(message: Message): void {
    const { key } = message;
    const partition = this.writer.partitionOf(this.kernel.type, key);
    if (!this.#held.has(partition)) return this.giveBack(message);
    const { residentsMax } = this.limits;
    if (this.#residents.size >= residentsMax && !this.#makeRoom(Math.ceil(residentsMax / 100))) {
      message.fail(new Failure("OVERLOADED", { what: `${residentsMax} entities are in memory and none is idle`, at: message.address }));
      return;
    }
    const resident = new Resident(this, key, partition);
    this.#residents.set(key, resident);
    this.#link(resident);
    const isNew = this.#quarantine.isKnown(partition) && this.writer.isUnwritten(partition, this.kernel.type, key);
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

const notHere = (message: Message): Failure =>
  new Failure("UNAVAILABLE", { what: "its partition of the log is not owned here", at: message.address });
