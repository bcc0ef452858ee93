// What came over a socket as the edge reads it: target, headers and body of a message of Node's, and whether its client is still
// there.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ReceiveBody } from "./body.ts";
import type { EdgeRequest, WholeFields } from "./edge-request.ts";
import { Problem } from "./problem.ts";

const noBytes = new Uint8Array(0);

export class SocketRequest implements EdgeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: WholeFields;
  readonly #outgoing: ServerResponse;
  #signal: AbortSignal | undefined;

  /** Throws a `Problem` MALFORMED for a target or a host that is none. */
  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    const { method = "GET", url = "", headers, rawHeaders } = incoming;
    this.method = method;
    this.url = absolute(url, headers.host ?? "");
    this.headers = new RawFields(rawHeaders);
    this.#outgoing = outgoing;
  }

  /** Made when somebody wants it: most requests are not for waiting. */
  get signal(): AbortSignal {
    return (this.#signal ??= goneSignal(this.#outgoing));
  }
}

/** Names and values one after the other, as they came. */
class RawFields implements WholeFields {
  readonly #raw: readonly string[];
  #whole: Headers | undefined;

  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    let found: string | null = null;
    for (let i = 0; i < this.#raw.length; i += 2) {
      const given = this.#raw[i] as string;
      if (given.length !== name.length || given.toLowerCase() !== name) continue;
      const value = (this.#raw[i + 1] as string).trim();
      found = found === null ? value : `${found}${name === "cookie" ? "; " : ", "}${value}`;
    }
    return found;
  }

  get whole(): Headers {
    if (!this.#whole) {
      this.#whole = new Headers();
      for (let i = 0; i < this.#raw.length; i += 2) this.#whole.append(this.#raw[i] as string, this.#raw[i + 1] as string);
    }
    return this.#whole;
  }
}

function goneSignal(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (outgoing.destroyed) gone.abort();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** What a URL parser would leave as it is, so that there is no need to ask one. */
const plainHost = /^[a-z0-9._-]+(?::[1-5]\d{3,4})?$/;
const plainTarget = /^\/[\w!$&'()*+,\-./:;=?@~]*$/;
const dotSegment = /\/\.{1,2}(?:[/?]|$)/;
/** Where a host would end, or somebody in front of it would. */
const noHost = /[/?#@\\\s]/;

/** RFC 9112, section 3.2: a path, or the whole URL as proxies are sent it. */
function absolute(target: string, host: string): string {
  const whole = /^https?:\/\//i.test(target);
  if (!whole && plainHost.test(host) && plainTarget.test(target) && !dotSegment.test(target)) return `http://${host}${target}`;
  if (!whole && (host === "" || noHost.test(host))) throw malformed("Its Host is none");
  if (!whole && !target.startsWith("/")) throw malformed("Its target is no path");
  // A parser takes it for a slash, which is not what whoever checks paths in front of us takes it for.
  if (/^[^?]*\\/.test(target)) throw malformed("There is a backslash in its path");
  const url = URL.parse(whole ? target : `http://${host}${target}`);
  if (!url) throw malformed("Its target is no URL");
  return url.href;
}

const malformed = (why: string): Problem => new Problem("MALFORMED", { detail: `The request cannot be read: ${why}.` });

/** Faster than the streams of the web, and nothing is kept that `take` has not agreed to. */
export function receiveFrom(incoming: IncomingMessage): ReceiveBody {
  return (take) => {
    const { headers } = incoming;
    const { "content-length": length = "0" } = headers;
    if (length === "0" && headers["transfer-encoding"] === undefined) return Promise.resolve(noBytes);
    return new Promise((resolve, reject) => {
      if (incoming.readableEnded) {
        reject(new Problem("INTERNAL", { detail: "The body was read before it came to its route." }));
        return;
      }
      let first: Buffer | undefined;
      let others: Buffer[] | undefined;
      // Every message closes in the end; one that has not ended before has lost its connection.
      const gone = (): void => {
        if (incoming.readableEnded) return;
        reject(new Problem("CLIENT_CLOSED", { detail: "The connection was closed before the body was complete." }));
      };
      const keep = (chunk: Buffer): void => {
        const refusal = take(chunk.length);
        if (refusal) {
          incoming.off("data", keep);
          incoming.pause();
          first = others = undefined;
          reject(refusal);
        } else if (!first) first = chunk;
        else (others ??= [first]).push(chunk);
      };
      incoming.on("data", keep);
      incoming.on("end", () => resolve(others ? Buffer.concat(others) : (first ?? noBytes)));
      incoming.on("close", gone);
      if (incoming.destroyed) gone();
    });
  };
}
