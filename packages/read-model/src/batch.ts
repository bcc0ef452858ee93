// One transaction in the making: pages of sources become groups of statements, entities are set aside or taken back, positions
// move on. Nothing here waits and nothing is kept: what it comes to is written whole, and only then becomes the projector's
// state. Made again from the same pages with what SQLite refused, it sets aside exactly the entities at fault.
import { Failure, type SourceItem, type SourcePage } from "@atoll/core/extension";
import type { Group, Statement } from "@atoll/core/tables";
import type { ReadModelBehaviour } from "./behaviour.ts";
import { parkStatement, positionStatement, unparkStatement } from "./model-file.ts";
import { isBefore, type ParkedRow, reasonOf, subjectOf } from "./parked.ts";
import { changes, statementsOf } from "./statement.ts";
import type { Stream } from "./stream.ts";

/** Parked entities of one partition whose events are read again, from the first that failed on. */
export interface Scan {
  readonly subjects: ReadonlySet<string>;
}

export interface TakenPage {
  readonly stream: Stream;
  readonly page: SourcePage;
  /** Present if it is read again, for those who are parked. */
  readonly scan?: Scan;
}

export interface BatchContext {
  readonly behaviour: ReadModelBehaviour;
  /** Kysely, which compiles. */
  readonly db: unknown;
  /** `service: contract`, for messages. */
  readonly at: string;
  /** Wall clock, ms. */
  readonly now: number;
  readonly parkedMax: number;
  readonly parked: ReadonlyMap<string, ParkedRow>;
  /** What SQLite refused of these pages, by place (`placeOfGroup`). */
  readonly refused: ReadonlyMap<string, string>;
}

const meta = "";

const placeOf = (subject: string, offset: number, index: number): string => `${offset}.${index} ${subject}`;

export class Batch {
  readonly pages: TakenPage[] = [];
  /** Where each stream stands after it. */
  readonly next = new Map<Stream, number>();
  /** What becomes of parked entities: undefined for one that is no longer. */
  readonly parked = new Map<string, ParkedRow | undefined>();
  /** Subjects of a scan whose events are all applied. */
  readonly released = new Set<string>();
  /** Subjects of a scan that failed again. */
  readonly failedAgain = new Set<string>();
  /** Events applied. */
  events = 0;
  skipped = 0;
  readonly #context: BatchContext;
  readonly #groups: Group[] = [];
  /** Place of each group's event. */
  readonly #places: string[] = [];
  #parkedCount: number;

  constructor(context: BatchContext) {
    this.#context = context;
    this.#parkedCount = context.parked.size;
  }

  /** Yields after each event, so that whoever adds can let others have their turn. Throws UNAVAILABLE beyond `parkedMax`. */
  *add(taken: TakenPage): Generator<void> {
    const { stream, page, scan } = taken;
    this.pages.push(taken);
    const at = this.next.get(stream) ?? stream.next;
    for (const item of page.items) {
      if (scan ? item.offset >= at : item.offset < at) continue; // a scan ends where the stream stands
      if (scan) this.#again(stream, item, scan);
      else this.#apply(stream, item);
      yield;
    }
    if (scan) this.#scanned(Math.min(page.next, at), at, scan);
    else this.next.set(stream, Math.max(at, page.next));
  }

  /** Place of the event whose group it was; undefined for what is ours. */
  placeOfGroup(group: number): string | undefined {
    return this.#places[group];
  }

  /** Everything to be written: events, then who is parked, then positions. Empty if that would be nothing but positions. */
  groups(): readonly Group[] {
    if (this.#groups.length === 0 && this.parked.size === 0) return [];
    return [...this.#groups, { subject: meta, statements: [...this.#parkStatements(), ...this.positions()] }];
  }

  /** Statements that store where the streams stand. */
  positions(): readonly Statement[] {
    return [...this.next].map(([stream, next]) => positionStatement(stream, next));
  }

  *#parkStatements(): Generator<Statement> {
    for (const [subject, row] of this.parked) {
      if (row) yield parkStatement(row);
      else {
        const before = this.#context.parked.get(subject);
        if (before) yield unparkStatement(before);
      }
    }
  }

  #rowOf(subject: string): ParkedRow | undefined {
    return this.parked.has(subject) ? this.parked.get(subject) : this.#context.parked.get(subject);
  }

  #apply(stream: Stream, item: SourceItem): void {
    if (!this.#reaction(stream, item)) return;
    const subject = subjectOf(stream.alias, item.at.key);
    const row = this.#rowOf(subject);
    if (row) {
      this.skipped += 1;
      this.parked.set(subject, { ...row, skipped: row.skipped + 1 });
      return;
    }
    const reason = this.#try(stream, item, subject);
    if (reason !== undefined) this.#park(stream, item, subject, reason);
  }

  /** An event that was passed over, or failed, comes again. */
  #again(stream: Stream, item: SourceItem, scan: Scan): void {
    const subject = subjectOf(stream.alias, item.at.key);
    const row = scan.subjects.has(subject) && !this.failedAgain.has(subject) ? this.#rowOf(subject) : undefined;
    if (!row || isBefore(row, item.offset, item.index) || !this.#reaction(stream, item)) return;
    const first = item.offset === row.offset && item.index === row.index;
    const reason = this.#try(stream, item, subject);
    const left = first ? row.skipped : row.skipped - 1;
    const place = { offset: item.offset, index: item.index };
    if (reason === undefined) {
      this.parked.set(subject, { ...row, offset: item.offset, index: item.index + 1, skipped: left });
      return;
    }
    this.parked.set(subject, { ...row, ...place, skipped: left, reason, since: this.#context.now });
    this.failedAgain.add(subject);
  }

  #scanned(to: number, end: number, scan: Scan): void {
    for (const subject of scan.subjects) {
      if (this.failedAgain.has(subject) || this.released.has(subject)) continue;
      const row = this.#rowOf(subject);
      if (row && to >= end) {
        this.parked.set(subject, undefined);
        this.released.add(subject);
      } else if (row && this.parked.has(subject) && to > row.offset) {
        this.parked.set(subject, { ...row, offset: to, index: 0 });
      }
    }
  }

  #reaction({ alias }: Stream, { name }: SourceItem): ((db: unknown, data: unknown, at: SourceItem["at"]) => unknown) | undefined {
    return this.#context.behaviour.on[alias]?.[name];
  }

  /** Adds the event's statements; or says why it cannot be applied. */
  #try(stream: Stream, item: SourceItem, subject: string): string | undefined {
    const { db, at, refused } = this.#context;
    const place = placeOf(subject, item.offset, item.index);
    const why = refused.get(place);
    if (why !== undefined) return why;
    if (item.error) return reasonOf(item.error);
    const react = this.#reaction(stream, item);
    try {
      const statements = statementsOf(react?.(db, item.data, item.at), changes, `${at}, ${stream.alias}.${item.name}`);
      this.events += 1;
      if (statements.length === 0) return undefined;
      this.#groups.push({ subject, statements });
      this.#places.push(place);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  #park(stream: Stream, item: SourceItem, subject: string, reason: string): void {
    const { parkedMax, now, at } = this.#context;
    this.#parkedCount += 1;
    if (this.#parkedCount > parkedMax) {
      throw new Failure("UNAVAILABLE", { what: `more than ${parkedMax} entities would be parked, the last one because: ${reason}`, at });
    }
    const { offset, index } = item;
    const { alias: source, partition } = stream;
    this.parked.set(subject, { source, key: item.at.key, partition, offset, index, since: now, reason, skipped: 0 });
  }
}
