// What is quarantined, and its release, told the same way by a running process and by logs at rest.
import type { Quarantined } from "@atoll/core";
import { CommandError } from "./command-error.ts";

export interface Listing {
  readonly entries: readonly Quarantined[];
  /** Above the number of entries when not all are listed. */
  readonly total: number;
}

/** More than anybody reads; what bounds an answer. */
const listedMax = 10_000;

export const listing = (entries: readonly Quarantined[]): Listing => ({ entries: entries.slice(0, listedMax), total: entries.length });

/** Those that `key` names, plainly or as CONTRACT/KEY. Throws a `CommandError` if there is none. */
export function named(entries: readonly Quarantined[], services: readonly string[], service: string, key: string): readonly Quarantined[] {
  if (!services.includes(service)) {
    throw new CommandError(
      `there is no service "${service}" with a log here; there ${services.length === 1 ? "is" : "are"}: ${services.join(", ") || "none"}`,
    );
  }
  const found = entries.filter((entry) => entry.service === service && (entry.key === key || `${entry.entity}/${entry.key}` === key));
  if (found.length === 0)
    throw new CommandError(`"${key}" of service "${service}" is not quarantined; \`atoll quarantine list\` shows what is`, {
      elsewhere: true,
    });
  return found;
}
