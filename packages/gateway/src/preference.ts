// `Prefer` (RFC 7240), of which the edge understands `respond-async`, and `wait` beside it.

export interface Preference {
  /** Milliseconds that the client would wait for the answer before it takes a 202. */
  readonly waitMs: number;
}

/** Undefined without `respond-async`. What cannot be read is no preference: nobody has to honour one. */
export function asyncPreference(header: string | null): Preference | undefined {
  if (header === null) return undefined;
  const wishes = header.split(",").map((wish) => (wish.split(";", 1)[0] as string).trim().toLowerCase());
  if (!wishes.includes("respond-async")) return undefined;
  const wait = wishes.map((wish) => /^wait *= *"?(\d{1,6})"?$/.exec(wish)?.[1]).find((seconds) => seconds !== undefined);
  return { waitMs: wait === undefined ? 0 : Number(wait) * 1_000 };
}
