// Where somebody who reads a topic is, as text that is handed out and comes back: opaque to whoever holds it, and checked like
// everything that comes back. It names the log, because an offset of another one, or of the same one before it was restored from a
// backup, says nothing here.
import type { EventSource, SourceLog } from "./event-source.ts";

/** Everything below `offset` is behind the reader, and of the record at `offset` the items up to `index` (-1: none of them). */
export interface Place {
  readonly offset: number;
  readonly index: number;
}

/** Digits of the log's id that a position carries: enough to notice that it is another log. */
const logDigits = 12;

const prefixOf = ({ logId, timeline }: SourceLog): string => `${logId.slice(0, logDigits)}.${timeline}.`;
const placeText = ({ offset, index }: Place): string => (index < 0 ? offset.toString(36) : `${offset.toString(36)}-${index.toString(36)}`);

/** Of one key: a partition, and the place in it. */
export const keyPosition = (log: SourceLog, partition: number, place: Place): string =>
  `${prefixOf(log)}${partition.toString(36)}.${placeText(place)}`;

/** Of all keys: a place in every partition. */
export const topicPosition = (log: SourceLog, places: readonly Place[]): string => `${prefixOf(log)}all.${places.map(placeText).join("_")}`;

const form =
  /^([0-9a-f]{12})\.([1-9]\d{0,8})\.(all|[0-9a-z]{1,3})\.([0-9a-z]{1,11}(?:-[0-9a-z]{1,7})?(?:_[0-9a-z]{1,11}(?:-[0-9a-z]{1,7})?)*)$/;

/**
 * The place that a position names in each partition; `partition`: in this one, for a position of one key. "malformed": it was never given
 * out for this. "elsewhere": another log has given it out. "beyond": this log does not go so far.
 */
export function placesOf(
  text: string,
  source: Pick<EventSource, "log" | "head">,
  partition?: number,
): readonly Place[] | "malformed" | "elsewhere" | "beyond" {
  const { log } = source;
  const [, logId, timeline, scope, list = ""] = form.exec(text) ?? [];
  const partitions = partition === undefined ? Array.from({ length: log.partitions }, (_, p) => p) : [partition];
  const places = list.split("_").map((place) => {
    const [offset = "", index] = place.split("-");
    return { offset: Number.parseInt(offset, 36), index: index === undefined ? -1 : Number.parseInt(index, 36) };
  });
  if (logId === undefined || !places.every(({ offset }) => Number.isSafeInteger(offset))) return "malformed";
  if (`${logId}.${timeline}.` !== prefixOf(log)) return "elsewhere";
  if (scope !== (partition === undefined ? "all" : partition.toString(36)) || places.length !== partitions.length) return "malformed";
  const beyond = places.some(({ offset, index }, i) => {
    const end = source.head(partitions[i] as number);
    return offset > end || (offset === end && index >= 0);
  });
  return beyond ? "beyond" : places;
}

/** Whether the item is behind the reader already. */
export const isBehind = (item: Place, { offset, index }: Place): boolean =>
  item.offset < offset || (item.offset === offset && item.index <= index);
