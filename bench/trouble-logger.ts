import type { StartOptions } from "@atoll/core";

/** A log that speaks of trouble only. */
export const troubleLogger: NonNullable<StartOptions["logger"]> = {
  log(level, event, fields) {
    if (level === "warn" || level === "error") console.error(level, event, fields);
  },
};
