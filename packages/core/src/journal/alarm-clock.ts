// Calls when an entity of this service wanted to be woken (ADR 0014). What it knows is in the journal: the index has the
// alarms, the tail those that are not indexed yet; here are only the next ones, loaded in pages in the order of their due.
//
//  A1  at least once  An alarm that is due, and that no committed record has changed, rings at least once in every life of
//                     the clock, never before its due by the wall clock. Only one that is `attended` when its record is
//                     committed does not ring in this life: who would be woken is awake.
//  A2  in order       Rings begin in the order of due, over all partitions.
//  A3  newest only    What a committed record has changed or taken back does not begin to ring any more.
//  A4  bounded        At most `alarmsMax` wait in memory, `ringingMax` ring at the same time, and `failingMax` are to ring again.
//  A5  again          A ring that rejects is repeated after a back-off, unless the alarm has changed meanwhile, or more than
//                     `failingMax` fail: then the one that failed longest ago waits for the clock's next life.
//  A6  of its own     Only alarms of partitions that are owned here begin to ring. One that is acquired begins a life of its own (A1):
//                     whatever waits in it is loaded anew, also what is earlier than what was loaded of the others. When one
//                     has left, nothing of it rings; of one that was lost, nothing begins to.
//  A7  in time        Pages are read no further than to what is due now or comes next: what is others' is passed over once, and
//                     what is later is not read before its time.
import { backoffMs, type Backoff } from "../base/backoff.ts";
import type { Counter, Runtime, Timer } from "../runtime/index.ts";
import { JournalError, type AlarmChange, type AlarmEntry } from "./journal.ts";
import type { LogWriter } from "./log-writer.ts";
import { compareAlarms } from "./orders.ts";
import type { Tenant } from "./tenant.ts";

export interface AlarmClockLimits {
  readonly alarmsMax: number;
  readonly ringingMax: number;
  readonly failingMax: number;
  /** How long a wall clock that jumps can go unnoticed. */
  readonly lookAgainMs: number;
  /** Between rings of an alarm that rejects, and between attempts to load. */
  readonly again: Backoff;
}

export const alarmClockLimits: AlarmClockLimits = {
  alarmsMax: 1_000,
  ringingMax: 64,
  failingMax: 1_000,
  lookAgainMs: 30_000,
  again: { firstMs: 200, maxMs: 60_000 },
};

/** Resolves once the entity has been taken care of, whatever that is; waking it twice must do no harm. */
export type Ring = (alarm: AlarmEntry) => Promise<void>;

/** Whether the entity whose alarm is set now is being taken care of already, so that ringing would do nothing. */
export type Attended = (set: AlarmChange) => boolean;

/** How far the alarms of one partition are loaded, in one life of it here. */
interface Reach {
  /** Every alarm up to here has been loaded; undefined: none has. */
  horizon: AlarmEntry | undefined;
  /** There is nothing behind the horizon that was not told of since. */
  complete: boolean;
}

interface Ringing {
  readonly alarm: AlarmEntry;
  readonly failures: number;
  changed: boolean;
  timer: Timer | undefined;
}

const isBehind = (alarm: AlarmEntry, horizon: AlarmEntry | undefined): boolean =>
  horizon === undefined || compareAlarms(alarm, horizon) > 0;

const isOf = (alarm: AlarmEntry, { type, key }: AlarmChange): boolean => alarm.type === type && alarm.key === key;

const isBefore = (one: AlarmEntry | undefined, other: AlarmEntry | undefined): boolean =>
  other !== undefined && (one === undefined || compareAlarms(one, other) < 0);

export class AlarmClock implements Tenant {
  readonly #service: string;
  readonly #writer: LogWriter;
  readonly #runtime: Runtime;
  readonly #limits: AlarmClockLimits;
  readonly #ring: Ring;
  readonly #attended: Attended;
  readonly #rung: Counter;
  /** Those that wait, earliest first, and by entity. */
  readonly #waiting: AlarmEntry[] = [];
  readonly #byEntity = new Map<string, AlarmEntry>();
  readonly #ringing = new Set<Ringing>();
  readonly #failing = new Set<Ringing>();
  /** By partition that is owned here. */
  readonly #reaches = new Map<number, Reach>();
  readonly #leaving: { readonly partition: number; readonly resolve: () => void }[] = [];
  #loading = false;
  #timer: Timer | undefined;
  #scheduled = false;
  #stopped = false;

  /** Begins at once. The clock is the only listener of the writer's tail. */
  constructor(
    service: string,
    writer: LogWriter,
    runtime: Runtime,
    limits: AlarmClockLimits,
    ring: Ring,
    attended: Attended = () => false,
  ) {
    this.#service = service;
    this.#writer = writer;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#ring = ring;
    this.#attended = attended;
    const labels = { service };
    const { metrics } = runtime;
    this.#rung = metrics.counter("atoll_alarms_rung_total", "Entities that were woken.", labels);
    metrics.gauge("atoll_alarms_ringing", "Entities that are being woken.", labels, () => this.#ringing.size);
    metrics.gauge("atoll_alarms_failing", "Entities that could not be woken and are tried again.", labels, () => this.#failing.size);
    writer.tail.onAlarm((partition, change) => {
      if (this.#reaches.has(partition)) this.#changed(partition, change);
    });
    for (let p = 0; p < writer.journal.meta.partitions; p++) if (writer.owns(p)) this.acquired(p);
  }

  acquired(partition: number): void {
    if (this.#reaches.has(partition)) return;
    this.#reaches.set(partition, { horizon: undefined, complete: false });
    this.#soon();
  }

  /** Resolves when what rings of it has been taken care of. */
  leave(partition: number): Promise<void> {
    this.lost(partition);
    return this.#rings(partition) ? new Promise((resolve) => this.#leaving.push({ partition, resolve })) : Promise.resolve();
  }

  lost(partition: number): void {
    this.#reaches.delete(partition);
    const kept = this.#waiting.filter((alarm) => alarm.partition !== partition);
    for (const alarm of this.#waiting) if (alarm.partition === partition) this.#byEntity.delete(idOf(alarm));
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    for (const ringing of this.#ringing) if (ringing.alarm.partition === partition) ringing.changed = true;
    for (const failing of this.#failing) if (failing.alarm.partition === partition) this.#giveUp(failing);
  }

  #rings(partition: number): boolean {
    for (const { alarm } of this.#ringing) if (alarm.partition === partition) return true;
    return false;
  }

  #giveUp(failing: Ringing): void {
    failing.timer?.cancel();
    this.#failing.delete(failing);
  }

  /** Rings no more; what rings already is not interrupted. Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const failing of this.#failing) failing.timer?.cancel();
  }

  #changed(partition: number, change: AlarmChange): void {
    const known = this.#byEntity.get(idOf(change));
    if (known) this.#waiting.splice(this.#placeOf(known) - 1, 1);
    if (known) this.#byEntity.delete(idOf(change));
    for (const ringing of this.#ringing) if (isOf(ringing.alarm, change)) ringing.changed = true;
    for (const failing of this.#failing) if (isOf(failing.alarm, change)) this.#giveUp(failing);
    const { type, key, due } = change;
    const add = due !== null && !this.#attended(change);
    if (add) this.#add({ partition, type, key, due });
    if (add || known) this.#soon();
  }

  /** What lies behind the horizon of its partition is left to a later page. */
  #add(alarm: AlarmEntry): void {
    const reach = this.#reaches.get(alarm.partition);
    if (!reach || (!reach.complete && isBehind(alarm, reach.horizon))) return;
    this.#waiting.splice(this.#placeOf(alarm), 0, alarm);
    this.#byEntity.set(idOf(alarm), alarm);
    if (this.#waiting.length <= this.#limits.alarmsMax) return;
    const last = this.#waiting.pop() as AlarmEntry;
    this.#byEntity.delete(idOf(last));
    const shortened = this.#reaches.get(last.partition) as Reach;
    shortened.horizon = this.#waiting.at(-1);
    shortened.complete = false;
  }

  /** Behind those that are not later. */
  #placeOf(alarm: AlarmEntry): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAlarms(this.#waiting[middle] as AlarmEntry, alarm) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #soon(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#runtime.scheduler.soon(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const now = this.#runtime.clock.now();
    while (this.#ringing.size < this.#limits.ringingMax) {
      const [next] = this.#waiting;
      const unread = this.#unread(next);
      const due = unread ? (unread.horizon?.due ?? now) : next?.due;
      if (due === undefined) return;
      if (due > now) {
        this.#timer = this.#runtime.timers.after(Math.min(due - now, this.#limits.lookAgainMs), () => this.#turn());
        return;
      }
      if (unread) return void this.#load(1);
      if (!next) return;
      this.#waiting.shift();
      this.#byEntity.delete(idOf(next));
      void this.#begin({ alarm: next, failures: 0, changed: false, timer: undefined });
    }
  }

  /** Of the partitions that are not loaded as far as `next`, the one that is loaded least far. */
  #unread(next: AlarmEntry | undefined): Reach | undefined {
    let least: Reach | undefined;
    for (const reach of this.#reaches.values()) {
      if (reach.complete || (next && !isBehind(next, reach.horizon))) continue;
      if (!least || isBefore(reach.horizon, least.horizon)) least = reach;
    }
    return least;
  }

  async #begin(ringing: Ringing): Promise<void> {
    this.#ringing.add(ringing);
    this.#rung.add(1);
    try {
      await this.#ring(ringing.alarm);
    } catch (error) {
      if (!ringing.changed && !this.#stopped) this.#failed({ ...ringing, failures: ringing.failures + 1 }, error);
    } finally {
      this.#ringing.delete(ringing);
      for (const { partition, resolve } of this.#leaving.splice(0))
        if (this.#rings(partition)) this.#leaving.push({ partition, resolve });
        else resolve();
      this.#soon();
    }
  }

  #failed(failing: Ringing, error: unknown): void {
    const { type, key } = failing.alarm;
    this.#runtime.logger.log("warn", "alarm.failed", { service: this.#service, type, key, failures: failing.failures, error });
    const [longestAgo] = this.#failing.size >= this.#limits.failingMax ? this.#failing : [];
    if (longestAgo) {
      longestAgo.timer?.cancel();
      this.#failing.delete(longestAgo);
    }
    this.#failing.add(failing);
    this.#ringAgain(
      failing,
      backoffMs(this.#limits.again, failing.failures, () => this.#runtime.random.next()),
    );
  }

  #ringAgain(failing: Ringing, delayMs: number): void {
    failing.timer = this.#runtime.timers.after(delayMs, () => {
      if (this.#ringing.size >= this.#limits.ringingMax) return this.#ringAgain(failing, this.#limits.again.firstMs);
      this.#failing.delete(failing);
      void this.#begin({ ...failing, timer: undefined });
    });
  }

  /**
   * The next page behind what is loaded least far: what the index has there, with what it does not know yet in the place of what it
   * has.
   */
  async #load(attempt: number): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    try {
      const { journal, tail } = this.#writer;
      const { alarmsMax } = this.#limits;
      const { flushes } = tail;
      const asked = new Set(this.#reaches.values());
      const from = this.#unread(undefined)?.horizon;
      const page = await this.#writer.within(journal.alarms(from, alarmsMax));
      // A flush in between may have taken from the tail what the page does not show: then it is asked for again.
      if (tail.flushes === flushes) this.#take(asked, from, page);
      this.#loading = false;
      this.#soon();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#runtime.logger.log("warn", "alarm.load_failed", { service: this.#service, attempt, error });
      const delayMs = backoffMs(this.#limits.again, attempt, () => this.#runtime.random.next());
      this.#runtime.timers.after(delayMs, () => {
        this.#loading = false;
        if (!this.#stopped) void this.#load(attempt + 1);
      });
    }
  }

  /** Of the partitions that were here when the page was asked for, and are; of others it may lack what their last owner has stored since. */
  #take(asked: ReadonlySet<Reach>, from: AlarmEntry | undefined, page: readonly AlarmEntry[]): void {
    const found = new Map(page.map((alarm) => [idOf(alarm), alarm]));
    for (const [partition, { type, key, due }] of this.#writer.tail.alarms()) {
      if (due === null) found.delete(idOf({ type, key }));
      else found.set(idOf({ type, key }), { partition, type, key, due });
    }
    const to = page.length < this.#limits.alarmsMax ? undefined : page.at(-1);
    const covered = new Map<number, AlarmEntry | undefined>();
    for (const [partition, reach] of this.#reaches) {
      const { horizon, complete } = reach;
      if (!asked.has(reach) || complete || isBefore(horizon, from) || (to && !isBefore(horizon, to))) continue;
      covered.set(partition, horizon);
      reach.horizon = to;
      reach.complete = to === undefined;
    }
    const isNew = (alarm: AlarmEntry): boolean =>
      covered.has(alarm.partition) && isBehind(alarm, covered.get(alarm.partition)) && (to === undefined || compareAlarms(alarm, to) <= 0);
    for (const alarm of [...found.values()].filter(isNew).sort(compareAlarms)) this.#add(alarm);
  }
}

const idOf = ({ type, key }: { readonly type: string; readonly key: string }): string => `${type}\u0000${key}`;
