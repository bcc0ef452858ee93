import { Failure } from "../../base/failure.ts";
import type { LogName } from "./wire.ts";

/** Throws LOG_FORKED if `read`, which is what positions belong to, is another log than the service has now. */
export function assertSameLog(service: string, read: LogName, now: LogName): void {
  if (read.logId === now.logId && read.timeline === now.timeline) return;
  const what = `it was read as log ${read.logId}.${read.timeline}, and is ${now.logId}.${now.timeline} now`;
  throw new Failure("LOG_FORKED", { what, at: `service "${service}"` });
}
