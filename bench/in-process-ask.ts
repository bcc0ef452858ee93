// Asks that never leave the process and never touch the disk: a query to an entity, a command to handlers. Beside them what
// is left if everything but the promise and the order per entity is taken away: a mailbox, with and without validation.
import type { Room } from "./benchmark.ts";
import { type Ask, askTimes } from "./callers.ts";
import { Adder, Counter, startCounter, validators } from "./counter.ts";
import { beside, interleave, type Row, type Side } from "./measure.ts";

const callers = 100;

export async function measureAsks({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const keys = Array.from({ length: callers }, (_, i) => `k${i}`);
  await using running = await startCounter({ data: directory });
  const { at } = running;
  for (const key of keys) await at(Counter, key).add({ by: 1 });
  const command = { by: 1 };
  const key = (i: number): string => keys[i] as string;

  let plainTotal = 0;
  const plain = keys.map(() => new Mailbox<{ by: number }, { total: number }>(({ by }) => ({ total: (plainTotal += by) })));
  const { amount, total } = validators;
  const checked = keys.map(() => new Mailbox<unknown, { total: number }>((input) => total.parse({ total: 1 + amount.parse(input).by })));

  const times = (count: number, ask: Ask): Side => {
    const perCaller = Math.ceil((quick ? count / 5 : count) / callers);
    return () => {
      globalThis.gc?.(); // nobody pays for the garbage of the side before
      return askTimes(perCaller, callers, ask);
    };
  };
  const { query, hot, handled, mailbox, validated } = await interleave(rounds, {
    query: times(600_000, (i) => at(Counter, key(i)).after(command)),
    validated: times(2_000_000, (i) => (checked[i] as Mailbox<unknown, unknown>).ask(command)),
    hot: times(600_000, () => at(Counter, "k0").after(command)),
    mailbox: times(2_000_000, (i) => (plain[i] as Mailbox<unknown, unknown>).ask(command)),
    handled: times(400_000, () => at(Adder).add(command)),
  });
  const bare = beside({ "mailbox + zod": validated, mailbox });
  return [
    { name: "query, 100 callers, an entity each", unit: "/s", ours: query, bare, aim: { kind: "at-least", value: 1_500_000 } },
    { name: "query, 100 callers, one entity", unit: "/s", ours: hot, bare },
    { name: "handlers, 100 callers", unit: "/s", ours: handled, bare },
  ];
}

/** The least that answers asks one after the other. */
class Mailbox<I, O> {
  readonly #handle: (input: I) => O;
  readonly #waiting: { readonly input: I; readonly resolve: (output: O) => void }[] = [];
  #scheduled = false;

  constructor(handle: (input: I) => O) {
    this.#handle = handle;
  }

  ask(input: I): Promise<O> {
    return new Promise((resolve) => {
      this.#waiting.push({ input, resolve });
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => this.#drain());
    });
  }

  #drain(): void {
    this.#scheduled = false;
    for (const { input, resolve } of this.#waiting.splice(0)) resolve(this.#handle(input));
  }
}
