// Where a client of a feed is, as the id of an event: opaque to clients, and checked like everything that they send back. It names
// the log, because an offset of another one, or of the same one before it was restored from a backup, says nothing here.
import type { EventSource } from "@atoll/core/edge";
import { Problem } from "./problem.ts";

/** Everything below `offset` is behind the client, and of the record at `offset` the items up to `index` (-1: none of them). */
export interface Place {
  readonly offset: number;
  readonly index: number;
}

/** Digits of the log's id that a position carries: enough to notice that it is another log. */
const logDigits = 12;

const prefixOf = ({ logId, timeline }: EventSource["log"]): string => `${logId.slice(0, logDigits)}.${timeline}.`;
const placeText = ({ offset, index }: Place): string => (index < 0 ? offset.toString(36) : `${offset.toString(36)}-${index.toString(36)}`);

/** Of a feed with a key: one partition, and the place in it. */
export const keyPosition = (log: EventSource["log"], partition: number, place: Place): string =>
  `${prefixOf(log)}${partition.toString(36)}.${placeText(place)}`;

/** Of a feed of all keys: a place in every partition. */
export const topicPosition = (log: EventSource["log"], places: readonly Place[]): string =>
  `${prefixOf(log)}all.${places.map(placeText).join("_")}`;

const form =
  /^([0-9a-f]{12})\.([1-9]\d{0,8})\.(all|[0-9a-z]{1,3})\.([0-9a-z]{1,11}(?:-[0-9a-z]{1,7})?(?:_[0-9a-z]{1,11}(?:-[0-9a-z]{1,7})?)*)$/;

/**
 * The place that a position names in each of these partitions. Throws a `Problem`: MALFORMED for what was never given out here,
 * POSITION_GONE for what another log has given out.
 */
export function placesOf(text: string, source: EventSource, partition: number | undefined): readonly Place[] {
  const [, log, timeline, scope, list = ""] = form.exec(text) ?? [];
  const partitions = partition === undefined ? Array.from({ length: source.log.partitions }, (_, p) => p) : [partition];
  const places = list.split("_").map((place) => {
    const [offset = "", index] = place.split("-");
    return { offset: Number.parseInt(offset, 36), index: index === undefined ? -1 : Number.parseInt(index, 36) };
  });
  if (log === undefined || !places.every(({ offset }) => Number.isSafeInteger(offset))) throw malformed();
  if (`${log}.${timeline}.` !== prefixOf(source.log)) {
    throw new Problem("POSITION_GONE", {
      detail: "This position belongs to another log, or to this one before it was restored. Take the feed up anew, without a position.",
    });
  }
  if (scope !== (partition === undefined ? "all" : partition.toString(36)) || places.length !== partitions.length) throw malformed();
  places.forEach(({ offset, index }, i) => {
    const head = source.head(partitions[i] as number);
    if (offset > head || (offset === head && index >= 0)) throw malformed();
  });
  return places;
}

const malformed = (): Problem =>
  new Problem("MALFORMED", { detail: "The position (Last-Event-ID, or `from`) is none that this feed has given out." });

/** Whether the place is behind the client already. */
export const isBehind = (place: Place, { offset, index }: Place): boolean =>
  place.offset < offset || (place.offset === offset && place.index <= index);
