// The checksum of a log row. It covers the body and everything that says where the body belongs, so that a flipped bit in
// an offset, a count or an epoch is found as surely as one in the text, and so is an index entry that leads to another row.
import { crc32 } from "node:zlib";

/** CRC-32 of the body, seeded with that of "partition offset count epoch". Part of the stored format: it must never drift. */
export function rowSum(partition: number, offset: number, count: number, epoch: number, body: string): number {
  return crc32(body, crc32(`${partition} ${offset} ${count} ${epoch}`));
}

/** Number of lines of a body, which is the number of its records: JSON never holds a raw newline. */
export function linesOf(body: string): number {
  let lines = 1;
  for (let at = body.indexOf("\n"); at >= 0; at = body.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
