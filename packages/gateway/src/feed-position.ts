// What is wrong with a position that a client of a feed sends back (Last-Event-ID, or `from`), as problem documents.
import { placesOf as placesIn, type EventSource, type Place } from "@atoll/core/edge";
import { Problem } from "./problem.ts";

/**
 * The place that a position names in each of these partitions. Throws a `Problem`: MALFORMED for what was never given out here,
 * POSITION_GONE for what another log has given out.
 */
export function placesOf(text: string, source: EventSource, partition: number | undefined): readonly Place[] {
  const places = placesIn(text, source, partition);
  if (typeof places === "object") return places;
  if (places === "elsewhere")
    throw new Problem("POSITION_GONE", {
      detail: "This position belongs to another log, or to this one before it was restored. Take the feed up anew, without a position.",
    });
  throw new Problem("MALFORMED", { detail: "The position (Last-Event-ID, or `from`) is none that this feed has given out." });
}
