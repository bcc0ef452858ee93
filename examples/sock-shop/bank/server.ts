// The bank: an outside party with an HTTP interface of its own, deliberately unreliable. It knows nothing of the shop or of Atoll.
//
//   PUT    /payments/{order} {"customer", "cents"}   200, also again · 402 declined · 409 the order was charged otherwise
//   DELETE /payments/{order}                         200, also again, also before the payment, which is void then
//   GET    /books?after={order}                      sums, and a page of payments by their order
//
// Faults meet payments only: an error or a hang comes before the payment is made or after, half of them each, and whoever asks
// cannot tell.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Books } from "./books.ts";
import { fateOf, type BankFaults } from "./faults.ts";

export interface BankInit {
  readonly books: Books;
  readonly faults: BankFaults;
  readonly random: () => number;
  /** 0 takes a free one. */
  readonly port: number;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const bodyBytesMax = 4_096;
/** Requests that hang at the same time; beyond, the longest waiting one is cut off, as its client would after a while. */
const hangingMax = 1_000;

export class BankServer implements AsyncDisposable {
  readonly #init: BankInit;
  readonly #server: Server;
  readonly #hanging: ServerResponse[] = [];

  private constructor(init: BankInit) {
    this.#init = init;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async open(init: BankInit): Promise<BankServer> {
    const bank = new BankServer(init);
    await new Promise<void>((resolve, reject) => {
      bank.#server.once("error", reject);
      bank.#server.listen(init.port, "127.0.0.1", resolve);
    });
    return bank;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    this.#init.books.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://bank");
    const order = /^\/payments\/([A-Za-z0-9-]{1,64})$/.exec(pathname)?.[1];
    const act = order === undefined ? undefined : await this.#payment(request, order);
    if (!act) {
      if (pathname === "/books" && request.method === "GET") return send(response, this.#books(searchParams.get("after") ?? ""));
      return send(response, { status: 404, body: { error: "there is nothing here" } });
    }
    const fate = fateOf(this.#init.faults, this.#init.random);
    if (fate.delayMs > 0) await pause(fate.delayMs);
    const answer = fate.kind === "answer" || !fate.before ? act() : undefined;
    if (fate.kind === "hang") return this.#hang(response);
    return send(response, fate.kind === "error" || !answer ? { status: 503, body: { error: "please try again" } } : answer);
  }

  /** What the request asks for, to be done later or never; undefined if it is none of the bank's. */
  async #payment(request: IncomingMessage, order: string): Promise<(() => Answer) | undefined> {
    const { books } = this.#init;
    if (request.method === "DELETE") {
      return () => {
        books.refund(order);
        return { status: 200, body: { order } };
      };
    }
    if (request.method !== "PUT") return undefined;
    const payment = paymentIn(await textOf(request));
    if (!payment) return () => ({ status: 400, body: { error: "expected a customer and a positive number of cents" } });
    return () => {
      const outcome = books.charge(order, payment.customer, payment.cents);
      const status = { charged: 200, void: 200, declined: 402, differs: 409 }[outcome];
      return { status, body: { order, outcome } };
    };
  }

  #books(after: string): Answer {
    const { chargedCents, refundedCents, payments } = this.#init.books.read(after);
    return { status: 200, body: { charged_cents: chargedCents, refunded_cents: refundedCents, payments } };
  }

  #hang(response: ServerResponse): void {
    this.#hanging.push(response);
    response.once("close", () => {
      const i = this.#hanging.indexOf(response);
      if (i !== -1) this.#hanging.splice(i, 1);
    });
    if (this.#hanging.length > hangingMax) this.#hanging[0]?.destroy();
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

/** "" if it is too long, or was cut off. */
async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bodyBytesMax) return "";
      chunks.push(chunk);
    }
  } catch {
    return ""; // the connection was cut off: nobody waits for the answer
  }
  return Buffer.concat(chunks).toString("utf8");
}

function paymentIn(text: string): { readonly customer: string; readonly cents: number } | undefined {
  try {
    const { customer, cents } = JSON.parse(text) as { readonly customer?: unknown; readonly cents?: unknown };
    return typeof customer === "string" && Number.isSafeInteger(cents) && (cents as number) > 0
      ? { customer, cents: cents as number }
      : undefined;
  } catch {
    return undefined; // no JSON
  }
}
