// What a node and the log host of its service say to each other, as JSON; who the two are is the link's business.
//
//   first     ["journal", protocol]                    answered, once the log is open, with
//             ["journal", protocol, logId, timeline, partitions]
//   request   [n, operation, ...arguments]             n rises; answered in any order
//   answer    n                                        done: every row was written, or there is nothing to tell
//             [n, value]     [n, kind, what]           what there is to tell; a `JournalError`
//   parts     ["part", text] … ["last", text]          one request or answer that is too long for a message, in order and
//                                                      with nothing between
//
// Operations are those of `Journal`, with its arguments; rows are flat, five members each. `confirm` asks of many at once.
import type {
  AlarmChange,
  AlarmEntry,
  Appended,
  Cursor,
  DeadLetter,
  EntityEntry,
  IndexUpdate,
  Journal,
  JournalErrorKind,
  JournalMeta,
  PartitionState,
  QuarantineEntry,
  Row,
  Snapshot,
} from "../../journal/index.ts";
import type { Json } from "../../contract/index.ts";
import type { LogHostLimits } from "./limits.ts";
import { count, flag, items, list, MalformedMessage, maybe, moment, nullable, object, type Reader, text, whole } from "./reader.ts";

const protocol = 1;
const greetingName = "journal";

/** Whether a link that begins with this message is for the log: `SharedJournalStore.accept` takes it then. */
export const isLogGreeting = (first: Json): boolean => Array.isArray(first) && first[0] === greetingName;

export const greeting = JSON.stringify([greetingName, protocol]);

/** Throws `MalformedMessage`. */
export function readGreeting(value: unknown): void {
  const [name, version] = items(value);
  if (name !== greetingName) throw new MalformedMessage("a link to the log begins with a greeting");
  if (version !== protocol) throw new MalformedMessage(`this log host speaks protocol ${protocol}, not ${String(version).slice(0, 20)}`);
}

export const welcome = ({ logId, timeline, partitions }: JournalMeta): string =>
  JSON.stringify([greetingName, protocol, logId, timeline, partitions]);

/** Throws `MalformedMessage`. */
export function readWelcome(value: unknown): JournalMeta {
  readGreeting(value);
  const [, , logId, timeline, partitions] = items(value);
  return { logId: text(logId), timeline: count(timeline), partitions: whole(1)(partitions) };
}

// ── operations ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A journal as it is asked over a link. */
export interface AskedJournal extends Omit<Journal, "meta" | "mayHold" | "confirm" | typeof Symbol.asyncDispose> {
  /** By pairs of partition and epoch. */
  confirm(pairs: readonly number[]): Promise<readonly boolean[]>;
}

export type Operation = keyof AskedJournal;
export type Arguments<O extends Operation> = Parameters<AskedJournal[O]>;
export type Answer<O extends Operation> = Awaited<ReturnType<AskedJournal[O]>>;

/** What the host allows. */
export interface Allowed extends Pick<LogHostLimits, "entriesMax" | "pageBytesMax"> {
  readonly partitions: number;
}

interface Form<A extends readonly unknown[], R> {
  /** Whether it may change the log: then its loss is ambiguous. */
  readonly writes: boolean;
  /** Whether it may be carried out twice, the first time by another host, and the answer of the second one holds. */
  readonly repeats: boolean;
  /** Reads the arguments. */
  readonly takes: (given: readonly unknown[], allowed: Allowed) => A;
  /** Reads the answer. */
  readonly gives: Reader<R>;
  /** What arguments and answer are on the wire, where they are not what they are here. */
  readonly ask?: (...args: A) => readonly unknown[];
  readonly answer?: (value: R) => unknown;
  /** Bytes that the answer may have, where that is more than a few. */
  readonly weight?: (...args: A) => number;
}

const partition = (value: unknown, { partitions }: Allowed): number => {
  const p = count(value);
  if (p >= partitions) throw new MalformedMessage(`the log has ${partitions} partitions, none ${p}`);
  return p;
};

/** Also of nothing: whoever has no record points to one before the first. */
const offsetOrBefore = whole(Number.MIN_SAFE_INTEGER);

const entries = (value: unknown, { entriesMax }: Allowed): number => {
  const max = count(value);
  if (max > entriesMax) throw new MalformedMessage(`at most ${entriesMax} entries may be asked for`);
  return max;
};

const some = <T>(item: Reader<T>, value: unknown, { entriesMax }: Allowed): readonly T[] => {
  if (items(value).length > entriesMax) throw new MalformedMessage(`at most ${entriesMax} entries may be named`);
  return list(item)(value);
};

const bytes = (value: unknown, { pageBytesMax }: Allowed): number => Math.min(count(value), pageBytesMax);

const state = object<PartitionState>({ epoch: count, head: count, indexedTo: count });
const entity = object<EntityEntry>({ type: text, key: text, version: count, last: count });
const snapshot = object<Snapshot>({ type: text, key: text, offset: count, body: text });
const alarmChange = object<AlarmChange>({ type: text, key: text, due: nullable(moment) });
const alarm = object<AlarmEntry>({ partition: count, type: text, key: text, due: moment });
const cursor = object<Cursor>({ stream: text, offset: count });
const letterPlace = object<Pick<DeadLetter, "stream" | "place">>({ stream: text, place: whole(-1) });
const letter = object<DeadLetter>({
  stream: text,
  place: count,
  since: moment,
  contract: text,
  command: text,
  key: text,
  input: text,
  code: text,
  reason: text,
});
const quarantined = object<QuarantineEntry>({ type: text, key: text, since: moment, reason: text, offset: maybe(count) });
const found = object<Answer<"lookup">>({ entry: maybe(entity), snapshot: maybe(snapshot) });
const nothing: Reader<void> = (value) => void value;

const rowWidth = 5;

function flatRows(rows: readonly Row[]): readonly (number | string)[] {
  const flat: (number | string)[] = [];
  for (const { partition: p, offset, count: records, epoch, body } of rows) flat.push(p, offset, records, epoch, body);
  return flat;
}

function readRows(value: unknown): Row[] {
  const flat = items(value);
  if (flat.length % rowWidth !== 0) throw new MalformedMessage(`a row has ${rowWidth} members`);
  const rows: Row[] = [];
  for (let i = 0; i < flat.length; i += rowWidth) {
    const [p, offset, records, epoch] = [count(flat[i]), count(flat[i + 1]), whole(1)(flat[i + 2]), count(flat[i + 3])];
    rows.push({ partition: p, offset, count: records, epoch, body: text(flat[i + 4]) });
  }
  return rows;
}

/** A wrong count would tear a hole into the log, two rows of one partition would make one of them a liar. */
function rowsToAppend(value: unknown, allowed: Allowed): readonly Row[] {
  const rows = readRows(value);
  const seen = new Set<number>();
  for (const row of rows) {
    partition(row.partition, allowed);
    if (seen.has(row.partition)) throw new MalformedMessage(`two rows for partition ${row.partition}`);
    seen.add(row.partition);
    if (linesOf(row.body) !== row.count) throw new MalformedMessage(`a row of ${row.count} records has ${linesOf(row.body)} lines`);
  }
  return rows;
}

function linesOf(body: string): number {
  let lines = 1;
  for (let at = body.indexOf("\n"); at !== -1; at = body.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

const appended: Reader<Appended> = (value) => {
  if (value !== "written" && value !== "fenced" && value !== "misplaced")
    throw new MalformedMessage("a row was written, fenced or misplaced");
  return value;
};

const reading = { writes: false, repeats: true } as const;
const repeatable = { writes: true, repeats: true } as const;
const once = { writes: true, repeats: false } as const;

export const forms: { readonly [O in Operation]: Form<Arguments<O>, Answer<O>> } = {
  partitions: { ...reading, takes: () => [], gives: list(state) },
  confirm: {
    writes: false,
    repeats: false, // its asker waits for a reply that he may give now, not for another host
    takes: ([pairs], allowed) => {
      const flat = some(count, pairs, allowed);
      if (flat.length % 2 !== 0) throw new MalformedMessage("an epoch is confirmed of a partition");
      for (let i = 0; i < flat.length; i += 2) partition(flat[i], allowed);
      return [flat];
    },
    gives: list(flag),
  },
  append: {
    ...once,
    takes: ([rows], allowed) => [rowsToAppend(rows, allowed)],
    gives: list(appended),
    ask: (rows) => [flatRows(rows)],
  },
  takeOver: {
    ...once,
    takes: ([p, seen, to], allowed) => [partition(p, allowed), count(seen), whole(count(seen) + 1)(to)],
    gives: object<Answer<"takeOver">>({ taken: flag, epoch: count }),
  },
  read: {
    ...reading,
    takes: ([p, from, bytesMax], allowed) => [partition(p, allowed), count(from), bytes(bytesMax, allowed)],
    gives: (value) => {
      const [rows, next] = items(value);
      return { rows: readRows(rows), next: nullable(count)(next) ?? undefined };
    },
    answer: ({ rows, next }) => [flatRows(rows), next ?? null],
    weight: (_, __, bytesMax) => bytesMax,
  },
  chain: {
    ...reading,
    takes: ([p, last, after, max, bytesMax], allowed) => [
      partition(p, allowed),
      offsetOrBefore(last),
      offsetOrBefore(after),
      entries(max, allowed),
      bytes(bytesMax, allowed),
    ],
    gives: object<Answer<"chain">>({ offsets: list(count), lines: list(text) }),
    weight: (_, __, ___, max, bytesMax) => bytesMax + 8 * max,
  },
  records: {
    ...reading,
    takes: ([p, offsets], allowed) => [partition(p, allowed), some(count, offsets, allowed)],
    gives: list(text),
    weight: (_, offsets) => 512 * offsets.length,
  },
  lookup: {
    ...reading,
    takes: ([p, type, key], allowed) => [partition(p, allowed), text(type), text(key)],
    gives: found,
    weight: () => 4_096,
  },
  index: {
    ...repeatable,
    takes: ([update], allowed) => {
      const read = object<IndexUpdate>({
        partition: count,
        epoch: count,
        indexedTo: count,
        entities: (value) => some(entity, value, allowed),
        snapshots: (value) => some(snapshot, value, allowed),
        alarms: (value) => some(alarmChange, value, allowed),
      })(update);
      partition(read.partition, allowed);
      return [read];
    },
    gives: flag,
  },
  alarms: {
    ...reading,
    takes: ([after, max], allowed) => [nullable(alarm)(after) ?? undefined, entries(max, allowed)],
    gives: list(alarm),
    ask: (after, max) => [after ?? null, max],
    weight: (_, max) => 128 * max,
  },
  cursors: { ...reading, takes: () => [], gives: list(cursor), weight: () => 65_536 },
  moveCursors: { ...repeatable, takes: ([moved], allowed) => [some(cursor, moved, allowed)], gives: nothing },
  deadLetters: {
    ...reading,
    takes: ([after, max], allowed) => [nullable(letterPlace)(after) ?? undefined, entries(max, allowed)],
    gives: list(letter),
    ask: (after, max) => [after ?? null, max],
    weight: (_, max) => 512 * max,
  },
  park: { ...repeatable, takes: ([parked]) => [letter(parked)], gives: nothing },
  discard: { ...once, takes: ([stream, place]) => [text(stream), count(place)], gives: flag },
  quarantined: { ...reading, takes: () => [], gives: list(quarantined), weight: () => 65_536 },
  quarantine: { ...repeatable, takes: ([entry]) => [quarantined(entry)], gives: nothing },
  release: { ...once, takes: ([type, key]) => [text(type), text(key)], gives: flag },
};

export interface Asked<O extends Operation = Operation> {
  readonly n: number;
  readonly operation: O;
  readonly given: readonly unknown[];
}

/** Throws `MalformedMessage`. */
export function readAsked(value: unknown): Asked {
  const [n, operation, ...given] = items(value);
  if (!Object.hasOwn(forms, text(operation))) throw new MalformedMessage(`"${text(operation).slice(0, 40)}" is no operation of a journal`);
  return { n: count(n), operation: operation as Operation, given };
}

export function requestText<O extends Operation>(n: number, operation: O, args: Arguments<O>): string {
  const form = forms[operation] as Form<Arguments<O>, Answer<O>>;
  return JSON.stringify([n, operation, ...(form.ask?.(...args) ?? args)]);
}

/** `value` undefined: there is nothing to tell. */
export function answerText<O extends Operation>(n: number, operation: O, value: Answer<O>): string {
  if (value === undefined) return String(n);
  if (operation === "append" && (value as readonly Appended[]).every((one) => one === "written")) return String(n);
  const form = forms[operation] as Form<Arguments<O>, Answer<O>>;
  return JSON.stringify([n, form.answer ? form.answer(value) : value]);
}

export const errorText = (n: number, kind: JournalErrorKind, what: string): string => JSON.stringify([n, kind, what]);

const kinds: ReadonlySet<unknown> = new Set<JournalErrorKind>(["refused", "full", "failed", "ambiguous", "damaged"]);

export type Answered =
  | { readonly kind: "done"; readonly n: number }
  | { readonly kind: "value"; readonly n: number; readonly value: unknown }
  | { readonly kind: "error"; readonly n: number; readonly error: JournalErrorKind; readonly what: string };

/** Throws `MalformedMessage`. */
export function readAnswered(value: unknown): Answered {
  if (typeof value === "number") return { kind: "done", n: count(value) };
  const members = items(value);
  const n = count(members[0]);
  if (members.length === 2) return { kind: "value", n, value: members[1] };
  if (members.length !== 3 || !kinds.has(members[1]))
    throw new MalformedMessage("an answer is a number, a value, or an error of a journal");
  return { kind: "error", n, error: members[1] as JournalErrorKind, what: text(members[2]) };
}
