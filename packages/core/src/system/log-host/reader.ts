// Takes what arrives only in the form that it must have: each reader gives a value of its own making, or says what is wrong.

/** Says what is wrong with a message; the link that it came by is closed. */
export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

export type Reader<T> = (value: unknown) => T;

const shown = (value: unknown): string => (value === null ? "null" : typeof value);

/** A whole number, not below `least`. */
export const whole =
  (least: number): Reader<number> =>
  (value) => {
    if (!Number.isSafeInteger(value) || (value as number) < least)
      throw new MalformedMessage(`a whole number from ${least} was due, not ${shown(value)}`);
    return value as number;
  };

export const count = whole(0);

/** Milliseconds of some wall clock, as whoever wrote it saw it. */
export const moment: Reader<number> = (value) => {
  if (typeof value !== "number") throw new MalformedMessage(`a number was due, not ${shown(value)}`);
  return value;
};

export const text: Reader<string> = (value) => {
  if (typeof value !== "string") throw new MalformedMessage(`a text was due, not ${shown(value)}`);
  return value;
};

export const flag: Reader<boolean> = (value) => {
  if (typeof value !== "boolean") throw new MalformedMessage(`true or false was due, not ${shown(value)}`);
  return value;
};

export const items: Reader<readonly unknown[]> = (value) => {
  if (!Array.isArray(value)) throw new MalformedMessage(`a list was due, not ${shown(value)}`);
  return value;
};

export const list =
  <T>(item: Reader<T>): Reader<readonly T[]> =>
  (value) =>
    items(value).map(item);

export const nullable =
  <T>(reader: Reader<T>): Reader<T | null> =>
  (value) =>
    value === null ? null : reader(value);

/** For a member that may be absent. */
export const maybe =
  <T>(reader: Reader<T>): Reader<T | undefined> =>
  (value) =>
    value === undefined ? undefined : reader(value);

/** An object with these members; what else it has is left behind, and what is absent stays absent. */
export const object =
  <T>(members: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> =>
  (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new MalformedMessage(`an object was due, not ${shown(value)}`);
    const given = value as { readonly [name: string]: unknown };
    const read: { [name: string]: unknown } = {};
    for (const name in members) {
      const member = members[name](Object.hasOwn(given, name) ? given[name] : undefined);
      if (member !== undefined) read[name] = member;
    }
    return read as T;
  };
