import type { LogWriter } from "./log-writer.ts";

/** The offset that the next committed record will have, by partition. */
export const headsOf = (writer: LogWriter): readonly number[] =>
  Array.from({ length: writer.journal.meta.partitions }, (_, partition) => writer.durable(partition));
