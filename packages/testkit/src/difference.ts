// Where two JSON values differ, as pointers (RFC 6901). For people: a few differences, the outermost first, because one
// renamed member should read as one line and not as a page.
import { pointerToken } from "@atoll/core/contract";

export interface Difference {
  readonly pointer: string;
  /** Undefined where the one side has nothing. */
  readonly actual: unknown;
  readonly expected: unknown;
}

/** At most `max`. Empty exactly if the two are equal as JSON: a member that is undefined counts as absent. */
export function differences(actual: unknown, expected: unknown, max: number): readonly Difference[] {
  const found: Difference[] = [];
  compare(actual, expected, "", found, max);
  return found;
}

function compare(actual: unknown, expected: unknown, pointer: string, found: Difference[], max: number): void {
  if (found.length >= max || Object.is(actual, expected)) return;
  if (Array.isArray(actual) && Array.isArray(expected)) {
    for (let i = 0; i < Math.max(actual.length, expected.length); i++)
      compare(actual[i], expected[i], pointer + pointerToken(i), found, max);
  } else if (isRecord(actual) && isRecord(expected)) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      compare(own(actual, name), own(expected, name), pointer + pointerToken(name), found, max);
    }
  } else found.push({ pointer, actual, expected });
}

type JsonRecord = { readonly [name: string]: unknown };

const isRecord = (value: unknown): value is JsonRecord => typeof value === "object" && value !== null && !Array.isArray(value);
const own = (record: JsonRecord, name: string): unknown => (Object.hasOwn(record, name) ? record[name] : undefined);
