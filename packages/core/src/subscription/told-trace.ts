// The trace in which a dead letter was told, for whoever sends it again. It is where it always was, in the record that the letter is of
// (ADR 0041): a letter that had one too would say it twice.
import { Failure } from "../base/failure.ts";
import { JournalError, type EventSource } from "../journal/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { offsetOf, sourcePartitionOf, streamOf } from "./stream.ts";

/** A command is not held up for longer by the trace that it might have. */
const traceWithinMs = 1_000;

export interface TellerInit {
  readonly service: string;
  /** Of the subscription. */
  readonly name: string;
  readonly source: EventSource;
  readonly runtime: Pick<Runtime, "timers">;
}

/** Of the record that something was told of at this place; undefined: it has none, or cannot be read now. */
export async function toldTrace(init: TellerInit, stream: string, place: number): Promise<string | undefined> {
  const { service, name, source, runtime } = init;
  const partition = sourcePartitionOf(stream);
  if (partition === undefined || stream !== streamOf(service, name, source.log, partition)) return undefined;
  const offset = offsetOf(place);
  const reader = source.read(partition, offset);
  const late = runtime.timers.after(traceWithinMs, () => reader.close());
  try {
    for (let from = offset; ;) {
      const { items, next } = await reader.next(1);
      const [first] = items;
      if (first || next === from || next > offset) return first?.offset === offset ? first.trace : undefined;
      from = next;
    }
  } catch (error) {
    if (error instanceof JournalError || error instanceof Failure) return undefined;
    throw error;
  } finally {
    late.cancel();
    reader.close();
  }
}
