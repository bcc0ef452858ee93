// A page of a list, and how many there are in all.

interface Rows<Row> {
  limit(size: number): Rows<Row>;
  offset(rows: number): Rows<Row>;
  execute(): Promise<readonly Row[]>;
}

interface Count {
  executeTakeFirstOrThrow(): Promise<{ readonly total: number }>;
}

/** `rows` carry the total themselves, so that both are of one moment; only a page without any asks `count`. */
export async function pageOf<Row extends { readonly total: number | null }>(
  rows: Rows<Row>,
  count: Count,
  { page, size }: { readonly page: number; readonly size: number },
): Promise<{ readonly rows: readonly Row[]; readonly total: number }> {
  const found = await rows
    .limit(size)
    .offset((page - 1) * size)
    .execute();
  return { rows: found, total: found[0]?.total ?? (await count.executeTakeFirstOrThrow()).total };
}
