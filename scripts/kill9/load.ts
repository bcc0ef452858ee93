// Clients that add to counters and do not give up: what got no answer is asked again under the same Idempotency-Key, as
// every client of a service should.
import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type Answer, exchange } from "./exchange.ts";
import { Kill9Error, type Victim } from "./victim.ts";

/** One counter that everybody wants, and many that few do. */
const hot = "hot";
const hotClients = 16;
const otherClients = 32;
const otherCounters = 400;
/** For a command with all its attempts. */
const commandMsMax = 60_000;
/** Statuses after which the same request may be sent again: it had no effect, or the key says whether it had. */
const repeatable = new Set([503, 504]);

export class Load {
  readonly sent = new Map<string, number>();
  readonly acknowledged = new Map<string, Set<number>>();
  /** Commands acknowledged. */
  count = 0;
  /** Acknowledged at a second or later attempt; of these, applied by the attempt that got no answer. */
  retried = 0;
  replayed = 0;
  readonly #victim: Victim;
  readonly #random: () => number;
  readonly #agent = new Agent({ keepAlive: true });
  #stopping = false;

  constructor(victim: Victim, random: () => number) {
    this.#victim = victim;
    this.#random = random;
  }

  /** Resolves when every client has its last answer, after `stop`. */
  async run(): Promise<void> {
    const clients = Array.from({ length: hotClients + otherClients }, (_, client) => this.#client(client));
    await Promise.all(clients);
  }

  stop(): void {
    this.#stopping = true;
  }

  async totals(): Promise<ReadonlyMap<string, number>> {
    const totals = new Map<string, number>();
    for (const counter of this.sent.keys()) {
      const { status, text } = await this.#exchange("GET", counter, undefined, "");
      if (status !== 200) throw new Kill9Error(`GET of counter ${counter} was answered with ${status}: ${text}`);
      totals.set(counter, (JSON.parse(text) as { readonly total: number }).total);
    }
    return totals;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #client(client: number): Promise<void> {
    for (let n = 0; !this.#stopping; n++) {
      const counter = client < hotClients ? hot : `c${Math.floor(this.#random() * otherCounters)}`;
      const number = (this.sent.get(counter) ?? 0) + 1;
      this.sent.set(counter, number);
      await this.#add(counter, number, `${client}-${n}`);
      const acknowledged = this.acknowledged.get(counter) ?? new Set();
      this.acknowledged.set(counter, acknowledged.add(number));
      this.count += 1;
    }
  }

  async #add(counter: string, number: number, key: string): Promise<void> {
    const deadline = performance.now() + commandMsMax;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#exchange("POST", counter, key, JSON.stringify({ by: number })).catch((error: unknown) => {
        if (error instanceof Kill9Error) throw error;
        return undefined; // killed before it answered, or not there
      });
      if (answer?.status === 200) {
        if (attempt > 1) this.retried += 1;
        if (answer.replayed) this.replayed += 1;
        return;
      }
      if (answer && !repeatable.has(answer.status))
        throw new Kill9Error(`POST to ${counter} was answered with ${answer.status}: ${answer.text}`);
      if (performance.now() > deadline) throw new Kill9Error(`POST to ${counter} had no answer within ${commandMsMax} ms`);
      await pause(5 + this.#random() * 20);
    }
  }

  async #exchange(method: string, counter: string, key: string | undefined, body: string): Promise<Answer> {
    const url = new URL(`${await this.#victim.up}/counters/${counter}`);
    const headers = key === undefined ? {} : { "content-type": "application/json", "idempotency-key": key };
    return exchange(url, { method, headers, body, agent: this.#agent, what: `${method} of ${counter}` });
  }
}
