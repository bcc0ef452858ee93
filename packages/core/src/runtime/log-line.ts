// One log entry as one line of JSON. Pure; used by the logger of runtime/node and by whoever prints a virtual trace.
// A log call must never throw and never grow without bound, whatever it is given, so values are copied into a plain
// form of bounded size first: cycles end at the depth limit, getters that throw are named, the rest is cut.
import type { LogFields, LogLevel } from "./runtime.ts";

/** Bounds of one line. Characters, not bytes. */
const limits = { depth: 6, entries: 50, values: 1_000, text: 4_096, stack: 4_096 } as const;

interface Budget {
  values: number;
}

/** `time`, `level` and `event` are the entry's own; a field with one of these names gets an underscore behind it. */
export function logLine(nowMs: number, level: LogLevel, event: string, fields: LogFields = {}): string {
  const budget: Budget = { values: limits.values };
  let line = `{"time":"${new Date(nowMs).toISOString()}","level":"${level}","event":${JSON.stringify(event)}`;
  for (const [name, value] of entries(fields, budget)) {
    if (value === undefined) continue;
    line += `,${JSON.stringify(name === "time" || name === "level" || name === "event" ? `${name}_` : name)}:${JSON.stringify(value)}`;
  }
  return `${line}}`;
}

/** The fields alone, as JSON. */
export function fieldsText(fields: LogFields): string {
  return JSON.stringify(plain(fields, 0, { values: limits.values }));
}

function plain(value: unknown, depth: number, budget: Budget): unknown {
  switch (typeof value) {
    case "string":
      return cut(value, limits.text);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return String(value);
    case "function":
    case "symbol":
      return `[${typeof value}]`;
    case "object":
      return value === null ? null : structure(value, depth, budget);
    case "boolean":
    case "undefined":
    default:
      return value;
  }
}

function structure(value: object, depth: number, budget: Budget): unknown {
  if (depth >= limits.depth) return "[deeper]";
  try {
    if (value instanceof Error) return error(value, depth, budget);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (hasToJson(value)) return plain(value.toJSON(), depth + 1, budget);
    if (Array.isArray(value)) return items(value, depth, budget);
    return Object.fromEntries(entries(value, budget, depth));
  } catch (cause) {
    return `[unreadable: ${cut(String(cause), 200)}]`;
  }
}

const hasToJson = (value: object): value is { toJSON(): unknown } => "toJSON" in value && typeof value.toJSON === "function";

function error(value: Error, depth: number, budget: Budget): unknown {
  const { code, kind, issues } = value as { readonly code?: unknown; readonly kind?: unknown; readonly issues?: unknown };
  return {
    code: typeof code === "string" ? code : value.name,
    ...(typeof kind === "string" ? { kind } : {}),
    message: cut(value.message, limits.text),
    stack: cut(String(value.stack), limits.stack),
    ...(Array.isArray(issues) && issues.length > 0 ? { issues: plain(issues, depth + 1, budget) } : {}),
    ...(value.cause === undefined ? {} : { cause: plain(value.cause, depth + 1, budget) }),
  };
}

function items(values: readonly unknown[], depth: number, budget: Budget): unknown[] {
  const shown: unknown[] = [];
  for (const value of values.slice(0, limits.entries)) {
    if (!spend(budget)) break;
    shown.push(plain(value, depth + 1, budget));
  }
  if (shown.length < values.length) shown.push(`[${values.length - shown.length} more]`);
  return shown;
}

function entries(value: object, budget: Budget, depth = 0): [name: string, value: unknown][] {
  const names = Object.keys(value);
  const shown: [string, unknown][] = [];
  for (const name of names.slice(0, limits.entries)) {
    if (!spend(budget)) break;
    shown.push([cut(name, 200), member(value, name, depth, budget)]);
  }
  if (shown.length < names.length) shown.push(["more", names.length - shown.length]);
  return shown;
}

function member(value: object, name: string, depth: number, budget: Budget): unknown {
  try {
    return plain((value as { readonly [name: string]: unknown })[name], depth + 1, budget);
  } catch (cause) {
    return `[unreadable: ${cut(String(cause), 200)}]`; // a getter threw
  }
}

function spend(budget: Budget): boolean {
  budget.values -= 1;
  return budget.values >= 0;
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… (${text.length - max} more)`;
}
