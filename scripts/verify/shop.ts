// A shop over HTTP, as the verifier asks it: everything bounded, whatever is not an answer is a reason to give up.

/** What cannot be checked, because the shop does not answer as it must. */
export class VerifyError extends Error {
  override readonly name = "VerifyError";
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly replayed: boolean;
}
/** A payment in the bank's books. */
export interface BankPayment {
  readonly order: string;
  readonly customer: string;
  readonly cents: number;
  readonly status: string;
}

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** Questions that are open at the same time. */
const openMax = 16;
const answerMsMax = 30_000;
const pageSize = 1_000;
/** Far above what a shop holds that can be checked this way. */
const pagesMax = 10_000;

interface Paged<T> {
  readonly _embedded: { readonly [name: string]: readonly T[] };
  readonly page: { readonly totalElements: number };
}

export class Shop {
  readonly #url: string;
  readonly #fetch: Fetch;
  /** Questions asked so far. */
  asked = 0;

  constructor(url: string, fetch: Fetch) {
    this.#url = url.replace(/\/+$/, "");
    this.#fetch = fetch;
  }

  /** What is found there. VerifyError if it is not 200. */
  async read<T>(path: string): Promise<T> {
    const { status, body } = await this.#ask(path);
    if (status !== 200) throw new VerifyError(`GET ${path} was answered with ${status}: ${JSON.stringify(body)}`);
    return body as T;
  }

  /** Undefined for 404. */
  async find<T>(path: string): Promise<T | undefined> {
    const { status, body } = await this.#ask(path);
    if (status !== 200 && status !== 404) throw new VerifyError(`GET ${path} was answered with ${status}: ${JSON.stringify(body)}`);
    return status === 200 ? (body as T) : undefined;
  }

  /** All entries of a list that comes in pages. */
  async pages<T>(path: string, name: string): Promise<readonly T[]> {
    const all: T[] = [];
    for (let page = 1; page <= pagesMax; page += 1) {
      const { _embedded, page: about } = await this.read<Paged<T>>(`${path}${path.includes("?") ? "&" : "?"}page=${page}&size=${pageSize}`);
      const entries = _embedded[name] ?? [];
      all.push(...entries);
      if (entries.length === 0 || all.length >= about.totalElements) return all;
    }
    throw new VerifyError(`${path} has more than ${pagesMax} pages`);
  }

  async catalogue(): Promise<readonly { readonly id: string; readonly count: number }[]> {
    const all: { readonly id: string; readonly count: number }[] = [];
    for (let page = 1; page <= pagesMax; page += 1) {
      const socks = await this.read<typeof all>(`/catalogue?page=${page}&size=100`);
      if (socks.length === 0) return all;
      all.push(...socks);
    }
    throw new VerifyError(`/catalogue has more than ${pagesMax} pages`);
  }

  async books(): Promise<readonly BankPayment[]> {
    const all: BankPayment[] = [];
    for (let page = 1; page <= pagesMax; page += 1) {
      const { payments } = await this.read<{ readonly payments: readonly BankPayment[] }>(
        `/books?after=${encodeURIComponent(all.at(-1)?.order ?? "")}`,
      );
      if (payments.length === 0) return all;
      all.push(...payments);
    }
    throw new VerifyError(`/books has more than ${pagesMax} pages`);
  }

  order(body: object, key: string): Promise<Answer> {
    const headers = { "content-type": "application/json", "idempotency-key": key };
    return this.#ask("/orders", { method: "POST", headers, body: JSON.stringify(body) });
  }

  async each<T>(ids: Iterable<string>, ask: (id: string) => Promise<T>): Promise<ReadonlyMap<string, T>> {
    const found = new Map<string, T>();
    const waiting = [...ids];
    for (const id of waiting) found.set(id, undefined as T); // in the order in which they were asked for
    const worker = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) found.set(id, await ask(id));
    };
    await Promise.all(Array.from({ length: openMax }, worker));
    return found;
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Answer> {
    this.asked += 1;
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(`${this.#url}${path}`, { ...init, signal: AbortSignal.timeout(answerMsMax) });
      text = await response.text();
    } catch (cause) {
      throw new VerifyError(`${this.#url}${path} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    try {
      const body: unknown = text === "" ? undefined : JSON.parse(text);
      return { status: response.status, body, replayed: response.headers.get("idempotency-replayed") === "true" };
    } catch (cause) {
      throw new VerifyError(`${this.#url}${path} was answered with ${response.status} and no JSON`, { cause });
    }
  }
}
