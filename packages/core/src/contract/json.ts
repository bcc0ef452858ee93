// JSON as a type: what may cross the boundary of a service or be stored in its log. The runtime form of the same
// promise is frozen-copy.ts.

/** What may cross a boundary or be stored. `undefined` stands for an absent member, or for no value at all. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [member: string]: Json };

/** `T`, readonly all the way down. */
export type Deep<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Entry)[]
    ? number extends T["length"] // tuples keep their places
      ? readonly Deep<Entry>[]
      : { readonly [K in keyof T]: Deep<T[K]> }
    : { readonly [K in keyof T]: Deep<T[K]> };
