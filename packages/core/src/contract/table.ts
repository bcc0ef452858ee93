// Tables of a definition: what is looked up in them by a name that comes from outside (a stored record, a request) must be
// in them, so they have no prototype that would answer for "constructor" or "toString".

export type Table<T> = { readonly [name: string]: T };

/** A frozen copy of `record` that holds its own members and nothing else. */
export function tableOf<T>(record: Table<T>): Table<T> {
  return Object.freeze(Object.assign(Object.create(null) as Table<T>, record));
}
