// What names a told command: the stream it comes by, its place in there, and the id that those hear of it who know no
// places. All of it is stored, so none of it may drift.
import { fingerprint } from "../base/hash.ts";
import type { SourceLog } from "../journal/index.ts";

/** Tells of one record, beyond which a message is refused as a DEFECT: as many places lie between two offsets. */
export const tellsPerRecordMax = 4_096;

/** One partition of a publisher's log as one subscription of one service reads it. */
export const streamOf = (service: string, subscription: string, { logId, timeline }: SourceLog, partition: number): string =>
  `${service}/${subscription}@${logId}.${timeline}/${partition}`;

/** The partition of the publisher's log that a stream is of; undefined for what is no name of a stream. */
export function sourcePartitionOf(stream: string): number | undefined {
  const [, partition] = /\/(\d+)$/.exec(stream) ?? [];
  return partition === undefined ? undefined : Number(partition);
}

/** `index`: among what is told of the record at `offset`. */
export const placeOf = (offset: number, index: number): number => offset * tellsPerRecordMax + index;

/** The offset that a place belongs to. */
export const offsetOf = (place: number): number => Math.floor(place / tellsPerRecordMax);

/** Of a dead letter that is sent once more: never that of the told command, which an outside party may know. */
export const letterId = (stream: string, place: number): string => `letter-${fingerprint(stream)}-${place}`;

/** The same for every repetition of one told command, another one for every other: an outside party's idempotency key. */
export const toldId = (lane: string, place: number): string => `told-${fingerprint(lane)}-${place}`;
