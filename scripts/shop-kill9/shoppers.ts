// Shoppers who do not give up: each has a cart of their own, fills it, orders under an Idempotency-Key, and asks again under the
// same key whatever got no answer. What they are told they write down, and what they are told twice must be the same.
import { setTimeout as pause } from "node:timers/promises";
import { Kill9Error } from "../kill9/victim.ts";
import type { Acknowledged } from "../verify/evidence.ts";

/** In which the gateway answers whatever it was asked. */
const deadlineMs = 10_000;
/** Beyond it, for the way there and back where every process wants the same two cores. */
const graceMs = 5_000;
/** For an attempt: what has no answer by then has broken the deadline. */
export const answerMsMax = deadlineMs + graceMs;
/** For a request with all its attempts. */
const requestMsMax = 120_000;
/** Statuses after which the same request may be sent again: it had no effect, or the key says whether it had. */
const repeatable = new Set([503, 504]);

/** Units that are there once, that many want, and that never run out for long. */
const holy = "03fef6ac-1896-4ce8-bd69-b798f85c6e0b";
const wanted = "6d62d909-f957-430e-8689-b5129c0bb75e";
const plenty = ["510a0d7e-8e83-4193-b483-e27e09ddc34d", "819e1fbf-8b7e-4f6d-811f-693534916a8b", "d3588630-ad8e-49df-bbd7-3167f7efb246"];
/** Of one customer: an account knows its newest 1,000 orders one by one, and is checked in full below that. */
const ordersOfCustomerMax = 900;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}
interface Party {
  readonly id: string;
  readonly address: string;
  readonly card: string;
}
/** One request as it went over the wire once. */
export interface Attempt {
  /** Method and path. */
  readonly what: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** cut: there was no connection, or it was lost. late: nothing had come within `answerMsMax`. */
  readonly end: "answered" | "cut" | "late";
}

export interface ShoppersInit {
  /** Where the shop is; resolves once it listens. */
  readonly up: () => Promise<string>;
  readonly random: () => number;
  /** What their names and keys begin with. */
  readonly run: string;
  readonly attempted?: (attempt: Attempt) => void;
}

type Sent = { readonly method: string; readonly path: string; readonly body?: object; readonly key?: string; readonly prefer?: string };

export class Shoppers {
  readonly acknowledged: Acknowledged[] = [];
  /** A sentence for each thing that was told wrong. */
  readonly faults: string[] = [];
  /** Orders that were answered, by status. */
  readonly answered = new Map<number, number>();
  /** Requests that were sent again. */
  retried = 0;
  readonly #init: ShoppersInit;
  readonly #random: () => number;
  #stopping = false;
  #names = 0;

  constructor(init: ShoppersInit) {
    this.#init = init;
    this.#random = init.random;
  }

  get ordered(): number {
    return [...this.answered.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when each of `count` shoppers has their last answer, after `stop`. */
  async run(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#shopper()));
  }

  stop(): void {
    this.#stopping = true;
  }

  async #shopper(): Promise<void> {
    while (!this.#stopping) {
      const party = await this.#register();
      for (let n = 0; n < ordersOfCustomerMax && !this.#stopping; n += 1) await this.#order(party);
    }
  }

  #name(): string {
    this.#names += 1;
    return `${this.#init.run}-${this.#names}`;
  }

  async #register(): Promise<Party> {
    const username = this.#name();
    const post = async (path: string, body: object): Promise<string> => {
      const answer = await this.#insist({ method: "POST", path, body, key: this.#name() }, [200, 201]);
      return (answer.body as { readonly id: string }).id;
    };
    const id = await post("/register", { username, password: "secret", email: "", firstName: "S", lastName: "H" });
    const address = await post("/addresses", { street: "Road", number: "1", country: "UK", city: "Glasgow", postcode: "G67", userID: id });
    const card = await post("/cards", { longNum: "5544154011345918", expires: "08/19", ccv: "958", userID: id });
    return { id, address, card };
  }

  async #order(party: Party): Promise<void> {
    const draw = this.#random();
    if (draw > 0.95) await this.#deliver(draw > 0.97 ? wanted : (plenty[0] as string));
    const cart = `/carts/${party.id}`;
    const items = this.#choice(draw);
    await this.#insist({ method: "DELETE", path: cart }, [202]);
    for (const [itemId, quantity] of items)
      await this.#insist({ method: "PATCH", path: `${cart}/items`, body: { itemId, quantity } }, [202]);
    const key = this.#name();
    const body = {
      customer: draw < 0.05 ? null : `http://user/customers/${party.id}`,
      address: `http://user/addresses/${party.address}`,
      card: `http://user/cards/${party.card}`,
      items: `http://carts${cart}/items`,
    };
    const post: Sent = { method: "POST", path: "/orders", body, key };
    const first = await this.#insist(this.#random() < 0.2 ? { ...post, prefer: "respond-async" } : post, [201, 202, 406]);
    const id = this.#note(key, first);
    this.answered.set(first.status, (this.answered.get(first.status) ?? 0) + 1);
    if (first.status === 201) await this.#mustBeListed(party, id);
    if (first.status === 202 || this.#random() < 0.2) {
      const again = await this.#insist(post, [201, 202, 406]);
      const other = this.#note(key, again);
      if (first.status !== 202 && (again.status !== first.status || other !== id))
        this.faults.push(`key ${key} was answered ${first.status} ${id}, then ${again.status} ${other}`);
    }
  }

  #choice(draw: number): readonly (readonly [sku: string, quantity: number])[] {
    const easy = plenty[Math.floor(this.#random() * plenty.length)] as string;
    if (draw < 0.1) return [[holy, 1]];
    if (draw < 0.2) return [[easy, 60]]; // above what is taken
    if (draw < 0.25) return [];
    return draw < 0.7 ? [[easy, 1 + Math.floor(this.#random() * 3)]] : [[easy, 1], [wanted, 1]]; // prettier-ignore
  }

  /** Its own id makes a delivery repeatable. */
  async #deliver(sku: string): Promise<void> {
    await this.#insist({ method: "POST", path: `/stock/${sku}/deliveries`, body: { id: this.#name(), quantity: 20 } }, [202]);
  }

  /** A client without a session reads what it wrote, also from the process after the one that answered. */
  async #mustBeListed({ id: customer }: Party, order: string): Promise<void> {
    const path = `/orders/search/customerId?sort=date&custId=${customer}&size=1000`;
    const { body } = await this.#insist({ method: "GET", path }, [200]);
    const { customerOrders } = (body as { readonly _embedded: { readonly customerOrders: readonly { id: string; status: string }[] } })
      ._embedded;
    const shown = customerOrders.find(({ id }) => id === order)?.status;
    if (shown !== "confirmed") this.faults.push(`order ${order} was acknowledged with 201, and the list read after it says ${shown}`);
  }

  /** Resolves to the order's id; "" where the answer has none. */
  #note(key: string, { status, headers, body }: Answer): string {
    const id =
      status === 201
        ? (body as { readonly id: string }).id
        : status === 202
          ? (/^\/orders\/(.+)$/.exec(headers.get("location") ?? "")?.[1] ?? "")
          : "";
    if (status !== 406) this.acknowledged.push({ key, status, id });
    return id;
  }

  async #insist(sent: Sent, expected: readonly number[]): Promise<Answer> {
    const deadline = performance.now() + requestMsMax;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#exchange(sent).catch((error: unknown) => {
        if (error instanceof Kill9Error) throw error;
        return undefined; // killed before it answered, or not there
      });
      if (answer && expected.includes(answer.status)) {
        if (attempt > 1) this.retried += 1;
        return answer;
      }
      const what = `${sent.method} ${sent.path}`;
      if (answer && !repeatable.has(answer.status))
        throw new Kill9Error(`${what} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
      if (performance.now() > deadline)
        throw new Kill9Error(`${what} had no outcome within ${requestMsMax} ms; last: ${JSON.stringify(answer)}`);
      await pause(20 + this.#random() * 80);
    }
  }

  /** Rejects if there is no answer. */
  async #exchange(sent: Sent): Promise<Answer> {
    const url = `${await this.#init.up()}${sent.path}`;
    const what = `${sent.method} ${sent.path}`;
    const startedMs = performance.now();
    const ended = (end: Attempt["end"]): void => this.#init.attempted?.({ what, startedMs, endedMs: performance.now(), end });
    try {
      const answer = await exchange(url, sent);
      ended("answered");
      return answer;
    } catch (error) {
      ended(error instanceof Error && error.name === "TimeoutError" ? "late" : "cut");
      throw error;
    }
  }
}

async function exchange(url: string, { method, body, key, prefer }: Sent): Promise<Answer> {
  const headers = {
    ...(body ? { "content-type": "application/json" } : {}),
    ...(key === undefined ? {} : { "idempotency-key": key }),
    ...(prefer === undefined ? {} : { prefer }),
  };
  const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(answerMsMax) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}
