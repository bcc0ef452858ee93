// A client of the shop as the behaviours see it: any way to get an answer to a request, be it a gateway's `fetch`, a
// socket, or a proxy that checks both sides against the OpenAPI document.
import { fail } from "node:assert/strict";

export interface Answer<T> {
  readonly status: number;
  /** Content-Type, "" if there is none. */
  readonly type: string;
  readonly headers: Headers;
  /** Parsed JSON; the text of anything else; undefined for no content. */
  readonly body: T;
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly rejection?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export type Send = (request: Request) => Promise<Response>;

export class ShopClient {
  readonly origin: string;
  readonly #send: Send;
  readonly #salt: string;
  #names = 0;

  /** `salt` keeps the names of one run apart from those of another on the same data. */
  constructor(origin: string, salt: string, send: Send) {
    this.origin = origin;
    this.#salt = salt;
    this.#send = send;
  }

  /** A name that nobody has used. */
  fresh(kind: string): string {
    this.#names += 1;
    return `${kind}-${this.#salt}-${this.#names}`;
  }

  async request<T = unknown>(
    method: string,
    target: string,
    init: { readonly headers?: Record<string, string>; readonly body?: string } = {},
  ): Promise<Answer<T>> {
    const response = await this.#send(new Request(`${this.origin}${target}`, { method, ...init }));
    const type = response.headers.get("content-type") ?? "";
    const text = await response.text();
    const body = (text === "" ? undefined : type.includes("json") ? JSON.parse(text) : text) as T;
    return { status: response.status, type, headers: response.headers, body };
  }

  /** An answer whose body goes on. */
  stream(target: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.#send(new Request(`${this.origin}${target}`, { headers }));
  }

  get<T = unknown>(target: string): Promise<Answer<T>> {
    return this.request<T>("GET", target);
  }

  /** `body`: what is sent as JSON, in the way the original front end sends it. */
  send<T = unknown>(method: "POST" | "PATCH", target: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.request<T>(method, target, {
      headers: { "content-type": "application/json;charset=UTF-8", ...headers },
      body: JSON.stringify(body),
    });
  }

  delete<T = undefined>(target: string): Promise<Answer<T>> {
    return this.request("DELETE", target);
  }
}

/** One sentence about the shop over HTTP. It may run against a shop that others use, so it stays with names of its own. */
export interface Behaviour {
  readonly name: string;
  /** It sends what the OpenAPI document does not allow, or what a validating proxy cannot read: that would answer in the shop's place. */
  readonly hostile?: true;
  readonly run: (shop: ShopClient) => Promise<void>;
}

const looksMax = 2_000;

/** Asks until it is so. Fails after that many times. */
export async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < looksMax; looks += 1) if (await isSo()) return;
  fail(`it never came to be that ${what}`);
}

/** Fails unless the request was refused as an RFC 9457 problem document with this status; returns the document. */
export function problemIn(answer: Answer<unknown>, status: number): ProblemBody {
  const problem = answer.body as ProblemBody;
  const shown = `${answer.status} ${answer.type} ${JSON.stringify(answer.body)}`;
  if (answer.status !== status) fail(`expected ${status}, was ${shown}`);
  if (!answer.type.startsWith("application/problem+json")) fail(`expected a problem document, was ${shown}`);
  if (problem.status !== status || typeof problem.code !== "string" || typeof problem.title !== "string")
    fail(`not a problem document: ${shown}`);
  return problem;
}
