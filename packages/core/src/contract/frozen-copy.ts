// The private, deeply frozen copy that crosses a boundary in place of the caller's own object. A schema library may hand
// back what it was given (arktype, a custom check, `any`) or a constant of its own, and no look at a result can prove
// that nobody else holds it, so the copy is made, except of what the schema itself proves to be new (origin.ts): that
// becomes the copy. One pass checks that the value is JSON, copies and freezes; for a small flat object that takes less
// time than the validation in front of it.
//
// What JSON cannot carry is refused rather than bent, because the log and the wire would bend it in silence: functions,
// symbols, bigints, NaN and infinities, class instances (a Date among them), `undefined` in a list. Two things are
// normalised the way JSON text would: a member that is undefined is absent, and -0 is 0.
import type { Issue } from "../base/failure.ts";
import type { Json } from "./json.ts";
import type { Origin } from "./origin.ts";
import { pointerToken } from "./pointer.ts";

/** Levels of objects and lists; what is deeper is refused, and so is a cycle. */
export const jsonDepthMax = 64;
/** Objects, lists and entries of lists in one value; a part that is shared counts each time it is met. */
export const jsonNodesMax = 1_000_000;

/** Why a value is not JSON, and where. Becomes an issue of the `Failure` that the caller of a check sees. */
export class NotJson extends Error {
  override readonly name = "NotJson";
  readonly issue: Issue;

  constructor(issue: Issue) {
    super(issue.detail);
    this.issue = issue;
  }
}

interface Budget {
  nodes: number;
}

/**
 * A deeply frozen copy of `value` that shares nothing mutable with it. Throws `NotJson`. Parts that are new by their `origin`
 * are changed and frozen where they are: the caller gives them away.
 */
export function frozenCopy(value: unknown, origin: Origin = "anywhere"): Json {
  return typeof value === "object" && value !== null ? copyOf(value, 1, undefined, origin) : scalar(value);
}

/**
 * Freezes `value` itself, all the way down, and returns it: for what its owner gives away, in development. A frozen part is
 * taken to be frozen below as well, so that the cost is that of the new parts, and a cycle ends.
 */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freezeDeep(member);
  return value;
}

function copyOf(source: object, depth: number, budget: Budget | undefined, origin: Origin): Json {
  if (depth > jsonDepthMax) throw refused(`nested deeper than ${jsonDepthMax} levels, or in a circle`);
  if (Array.isArray(source)) return copyOfList(source, depth, budget, origin);
  if (origin === "anywhere" || origin.kind !== "object") return copyOfObject(source, depth, budget);
  return frozenObject(source as Record<string, unknown>, depth, budget, origin.members);
}

function copyOfObject(source: object, depth: number, budget: Budget | undefined): Json {
  const prototype: unknown = Object.getPrototypeOf(source);
  if (prototype !== Object.prototype && prototype !== null) throw refused(`${kindOf(source)} is not JSON`);
  // A spread defines members, it does not assign them: one named "__proto__" is a member like others, here and below.
  const copy: Record<string, unknown> = { ...source };
  if (Object.getOwnPropertySymbols(copy).length > 0) throw refused("a member named by a symbol is not JSON");
  return frozenObject(copy, depth, budget, undefined);
}

/**
 * `copy` is ours alone, its members only as far as `origins` says. Its loop also meets what somebody has added to every object's
 * prototype, and leaves that alone.
 */
function frozenObject(
  copy: Record<string, unknown>,
  depth: number,
  budget: Budget | undefined,
  origins: ReadonlyMap<string, Origin> | undefined,
): Json {
  let absent = false;
  let key = "";
  try {
    for (key in copy) {
      const member = copy[key];
      switch (typeof member) {
        case "string":
        case "boolean":
          break;
        case "object":
          if (member === null || !Object.hasOwn(copy, key)) break;
          budget = spend(budget, 1);
          copy[key] = copyOf(member, depth + 1, budget, origins?.get(key) ?? "anywhere");
          break;
        case "undefined":
          absent = true;
          break;
        default:
          if (!plain(member) && Object.hasOwn(copy, key)) copy[key] = scalar(member);
      }
    }
  } catch (cause) {
    throw under(key, cause);
  }
  return Object.freeze(absent ? withoutUndefined(copy) : copy) as Json;
}

function copyOfList(source: readonly unknown[], depth: number, budget: Budget | undefined, origin: Origin): Json {
  const rest = spend(budget, source.length);
  const copy: Json[] = [];
  const entries = origin !== "anywhere" && origin.kind === "list" ? origin.entries : "anywhere";
  let i = 0;
  try {
    for (; i < source.length; i++) {
      const entry = source[i];
      if (typeof entry === "object" && entry !== null) copy.push(copyOf(entry, depth + 1, rest, entries));
      else if (entry === undefined) throw refused("undefined in a list is not JSON");
      else copy.push(scalar(entry));
    }
  } catch (cause) {
    throw under(i, cause);
  }
  return Object.freeze(copy);
}

function spend(budget: Budget | undefined, nodes: number): Budget {
  const left = budget ?? { nodes: jsonNodesMax };
  left.nodes -= nodes;
  if (left.nodes < 0) throw refused(`the value has more than ${jsonNodesMax} parts`);
  return left;
}

/** A number that is kept as it is: finite, and not -0. */
const plain = (value: unknown): boolean => typeof value === "number" && value - value === 0 && (value !== 0 || 1 / value > 0);

function scalar(value: unknown): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw refused(`${value} is not JSON`);
      return value === 0 ? 0 : value;
    default:
      if (value === null) return value;
      throw refused(`a ${typeof value} is not JSON`);
  }
}

function withoutUndefined(copy: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(copy).filter(([, member]) => member !== undefined));
}

function kindOf(value: object): string {
  const { name } = value.constructor ?? {};
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an object with a prototype of its own";
}

const refused = (detail: string): NotJson => new NotJson({ pointer: "", detail });

function under(key: PropertyKey, cause: unknown): unknown {
  if (!(cause instanceof NotJson)) return cause;
  return new NotJson({ pointer: pointerToken(key) + cause.issue.pointer, detail: cause.issue.detail });
}
