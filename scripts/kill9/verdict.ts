// What became of the commands of one run, counted from the log itself. Every command adds a number that no other command
// to its counter adds, so each can be told apart in the log: a command lost and another applied twice are seen as two
// faults, even where their sums would cancel out. The totals that the system answers are compared with the log as well.

/** Per counter. */
export type Tally<T> = ReadonlyMap<string, T>;

export interface Evidence {
  /** Numbers whose addition was answered with success. */
  readonly acknowledged: Tally<ReadonlySet<number>>;
  /** Numbers from 1 to this were sent, acknowledged or not. */
  readonly sent: Tally<number>;
  /** How often each number is in the log. */
  readonly logged: Tally<ReadonlyMap<number, number>>;
  /** What the system answers. */
  readonly totals: Tally<number>;
}

export interface Verdict {
  readonly acknowledged: number;
  /** Acknowledged, and not in the log or not in the state. */
  readonly lost: number;
  /** In the log or in the state more than once, or without ever having been sent. */
  readonly twice: number;
  /** A sentence for each fault. */
  readonly faults: readonly string[];
}

export function judge({ acknowledged, sent, logged, totals }: Evidence): Verdict {
  const faults: string[] = [];
  let count = 0;
  let lost = 0;
  let twice = 0;
  const counters = new Set([...acknowledged.keys(), ...sent.keys(), ...logged.keys(), ...totals.keys()]);
  for (const counter of counters) {
    const inLog = logged.get(counter) ?? new Map<number, number>();
    for (const number of acknowledged.get(counter) ?? []) {
      count += 1;
      if (inLog.has(number)) continue;
      lost += 1;
      faults.push(`${counter}: +${number} was acknowledged and is not in the log`);
    }
    let total = 0;
    for (const [number, times] of inLog) {
      total += number * times;
      const issued = Number.isInteger(number) && number >= 1 && number <= (sent.get(counter) ?? 0);
      const extra = issued ? times - 1 : times;
      if (extra === 0) continue;
      twice += extra;
      faults.push(`${counter}: +${number} is ${times} times in the log${issued ? "" : ", and was never sent"}`);
    }
    const answered = totals.get(counter);
    if (answered === total) continue;
    if (answered === undefined || answered < total) lost += 1;
    else twice += 1;
    faults.push(`${counter}: the system answers ${answered ?? "nothing"}, the log adds up to ${total}`);
  }
  return { acknowledged: count, lost, twice, faults };
}
