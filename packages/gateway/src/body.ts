// Bodies: received within bounds, then read as JSON. Nothing here knows Node; the listener brings its own `ReceiveBody` for
// its sockets.
import { Failure } from "@atoll/core";
import { jsonDepthMax } from "@atoll/core/contract";
import type { EdgeRequest, HeaderFields } from "./edge-request.ts";
import type { Limits } from "./limits.ts";
import { Problem } from "./problem.ts";

/** Collects the body of one request. Asks `take` before it keeps a chunk, and rejects with the refusal if it gets one. */
export type ReceiveBody = (take: (bytes: number) => Error | undefined) => Promise<Uint8Array>;

const noBytes = new Uint8Array(0);

/** The bodies that are being received: each bounded, and all of them together. */
export class Bodies {
  readonly #bytesMax: number;
  readonly #allBytesMax: number;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#bytesMax = limits.bodyBytesMax;
    this.#allBytesMax = limits.bodiesBytesMax;
  }

  /** Bytes held at this moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws a `Problem` BODY_TOO_LARGE, at once where Content-Length gives it away, or a `Failure` OVERLOADED. */
  async receive(request: EdgeRequest, receive: ReceiveBody): Promise<Uint8Array> {
    this.admit(request);
    let held = 0;
    try {
      return await receive((bytes) => {
        if (held + bytes > this.#bytesMax) return this.#tooLarge();
        if (this.#bytes + bytes > this.#allBytesMax) {
          return new Failure("OVERLOADED", { what: `the bodies being received would exceed ${this.#allBytesMax} bytes`, at: "gateway" });
        }
        held += bytes;
        this.#bytes += bytes;
        return undefined;
      });
    } finally {
      this.#bytes -= held;
    }
  }

  /** Refuses by the size that a request announces. */
  admit(request: EdgeRequest): void {
    const announced = request.headers.get("content-length");
    if (announced !== null && Number(announced) > this.#bytesMax) throw this.#tooLarge();
  }

  #tooLarge(): Problem {
    return new Problem("BODY_TOO_LARGE", { detail: `A body may have ${this.#bytesMax} bytes.` });
  }
}

/** Reads the stream of a `Request` that came without a socket. */
export function receiverOf(request: Request): ReceiveBody {
  return async (take) => {
    if (!request.body) return noBytes;
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of request.body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
      const refusal = take(chunk.length);
      if (refusal) throw refusal;
      chunks.push(chunk);
      length += chunk.length;
    }
    if (chunks.length === 1) return chunks[0] as Uint8Array;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The value of a JSON body. Throws a `Problem` UNSUPPORTED_MEDIA_TYPE or MALFORMED. */
export function parseBody(headers: HeaderFields, bytes: Uint8Array): unknown {
  const type = headers.get("content-type");
  if (type !== "application/json") checkMediaType(type);
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw new Problem("UNSUPPORTED_MEDIA_TYPE", {
      detail: "Bodies are taken without a content encoding.",
      headers: { "accept-encoding": "identity" },
    });
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new Problem("MALFORMED", { detail: "The body is not UTF-8.", cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Problem("MALFORMED", { detail: `The body is not JSON: ${(cause as SyntaxError).message}.`, cause });
  }
  if (deeperThan(jsonDepthMax, value)) throw new Problem("MALFORMED", { detail: `The body nests deeper than ${jsonDepthMax} levels.` });
  return value;
}

/** application/json, or application/…+json; in UTF-8, which is the only encoding that JSON has between systems (RFC 8259). */
function checkMediaType(header: string | null): void {
  const [type = "", ...parameters] = (header ?? "").split(";");
  const json = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json$/.test(type.trim().toLowerCase());
  const foreign = parameters.some((parameter) => {
    const [name, value = ""] = parameter.trim().toLowerCase().split("=");
    return name === "charset" && !/^"?utf-?8"?$/.test(value.trim());
  });
  if (json && !foreign) return;
  const detail = header === null ? "A body needs a Content-Type: send application/json." : "Send application/json, in UTF-8.";
  throw new Problem("UNSUPPORTED_MEDIA_TYPE", { detail, headers: { accept: "application/json" } });
}

function deeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const entry of value) if (deeperThan(levels - 1, entry)) return true;
    return false;
  }
  for (const member in value) if (deeperThan(levels - 1, (value as Record<string, unknown>)[member])) return true;
  return false;
}
