// One attempt of a request to a system that may die at any moment.
import { type Agent, request } from "node:http";
import { Kill9Error } from "./victim.ts";

export interface Exchange {
  readonly method: string;
  readonly headers: { readonly [name: string]: string | number };
  /** "" for none. */
  readonly body: string;
  readonly agent: Agent;
  /** For an error's message. */
  readonly what: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly replayed: boolean;
}

/** A process that was stopped must not hang the run. */
const answerMsMax = 15_000;

/** Rejects if there is no answer. */
export function exchange(url: URL, { method, headers, body, agent, what }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === "" ? {} : { "content-length": Buffer.byteLength(body) };
    const sent = request(url, { method, headers: { ...headers, ...length }, agent, timeout: answerMsMax }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text, replayed: response.headers["idempotency-replayed"] === "true" });
      });
    });
    sent.on("timeout", () => sent.destroy(new Kill9Error(`${what} had no answer within ${answerMsMax} ms`)));
    sent.on("error", reject);
    sent.end(body);
  });
}
