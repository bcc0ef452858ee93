// The lines of the log as requests, in order: many under way at a time, those of one case one after the other.
import type { Client } from "./client.ts";
import type { Line } from "./log-file.ts";

export class Replay {
  /** Lines answered. */
  done = 0;
  /** Answers with another number than the line has in its case. */
  readonly misnumbered: string[] = [];
  readonly #client: Client;
  readonly #underWay: number;
  readonly #thresholds: { readonly at: number; readonly reach: () => void }[] = [];

  constructor(client: Client, underWay: number) {
    this.#client = client;
    this.#underWay = underWay;
  }

  /** Resolves once so many lines are answered. */
  reached(at: number): Promise<void> {
    if (this.done >= at) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#thresholds.push({ at, reach: resolve });
    return promise;
  }

  async run(lines: readonly Line[]): Promise<void> {
    const lastOf = new Map<string, { number: number; answered: Promise<void> }>();
    const open = new Set<Promise<void>>();
    for (const [i, line] of lines.entries()) {
      if (open.size >= this.#underWay) await Promise.race(open);
      const before = lastOf.get(line.caseId) ?? { number: 0, answered: Promise.resolve() };
      const number = before.number + 1;
      const answered = before.answered.then(() => this.#send(line, i, number));
      lastOf.set(line.caseId, { number, answered });
      const closed = answered.finally(() => open.delete(closed));
      open.add(closed);
    }
    await Promise.all(open);
  }

  async #send({ caseId, ...activity }: Line, i: number, number: number): Promise<void> {
    const path = `/cases/${encodeURIComponent(caseId)}/activities`;
    const answer = await this.#client.post(path, activity, `help-desk-${i + 1}`);
    const { number: told } = answer as { readonly number: number };
    if (told !== number) this.misnumbered.push(`${caseId}: line ${i + 2} is number ${number} of its case, and was answered ${told}`);
    this.done += 1;
    for (const { at, reach } of this.#thresholds) if (this.done >= at) reach();
  }
}
