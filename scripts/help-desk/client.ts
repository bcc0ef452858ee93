// HTTP to a system that is killed and comes back: what got no answer is asked again, under the same Idempotency-Key.
import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type Answer, exchange } from "../kill9/exchange.ts";
import { Kill9Error, type Victim } from "../kill9/victim.ts";

/** For a request with all its attempts. */
const requestMsMax = 60_000;
const pauseMs = 10;
/** Statuses after which the same request may be sent again: it had no effect, or the key says whether it had. */
const repeatable = new Set([503, 504]);

export class Client implements Disposable {
  /** Requests that were asked more than once, and those that were given a kept answer. */
  repeated = 0;
  replayed = 0;
  readonly #victim: Victim;
  readonly #agent: Agent;

  constructor(victim: Victim, connections: number) {
    this.#victim = victim;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  get(path: string): Promise<unknown> {
    return this.#ask("GET", path, {}, "");
  }

  post(path: string, body: unknown, idempotencyKey: string): Promise<unknown> {
    return this.#ask("POST", path, { "content-type": "application/json", "idempotency-key": idempotencyKey }, JSON.stringify(body));
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #ask(method: string, path: string, headers: { readonly [name: string]: string }, body: string): Promise<unknown> {
    const endMs = performance.now() + requestMsMax;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(method, path, headers, body).catch(() => undefined); // killed before it answered, or not there
      if (answer && answer.status < 300) {
        if (attempt > 1) this.repeated += 1;
        if (answer.replayed) this.replayed += 1;
        return JSON.parse(answer.text);
      }
      const what = `${method} ${path}`;
      if (answer && !repeatable.has(answer.status)) throw new Kill9Error(`${what} was answered with ${answer.status}: ${answer.text}`);
      if (performance.now() > endMs) throw new Kill9Error(`${what} had no answer within ${requestMsMax} ms`);
      await pause(pauseMs);
    }
  }

  async #attempt(method: string, path: string, headers: { readonly [name: string]: string }, body: string): Promise<Answer> {
    const url = new URL(path, await this.#victim.up);
    return exchange(url, { method, headers, body, agent: this.#agent, what: `${method} ${path}` });
  }
}
