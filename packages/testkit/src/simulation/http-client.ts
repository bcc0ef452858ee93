// The client outside that speaks HTTP: drives the gateway's `fetch` in the process, and keeps the promise of an
// Idempotency-Key in view, that the same request gets the same answer.
import { Failure } from "@atoll/core";
import { BrokenLaw } from "@atoll/core/journal/simulated";
import type { VirtualWorld } from "@atoll/core/runtime/virtual";
import type { Machine } from "./machine.ts";
import type { Story } from "./story.ts";
import { shortText } from "./text.ts";
import { passing } from "./waiting.ts";
import type { Weather } from "./weather.ts";

/** An answer, taken out of the process as a whole. */
interface Received {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Answers of these carry no body, not even an empty one. */
const bodiless = new Set([101, 204, 205, 304]);

export class HttpClient {
  /** Answers to the two deliveries of one request that differ, and what is no `Failure`. */
  readonly bugs: unknown[] = [];
  /** Requests, without repetitions, and how many of them got an answer below 500. */
  asked = 0;
  answered = 0;
  /** Requests that are still open. */
  waiting = 0;
  readonly #world: VirtualWorld;
  readonly #machine: Machine;
  readonly #weather: Weather;
  readonly #story: Story | undefined;

  constructor(world: VirtualWorld, machine: Machine, weather: Weather, story: Story | undefined) {
    this.#world = world;
    this.#machine = machine;
    this.#weather = weather;
    this.#story = story;
  }

  async request(request: Request): Promise<Response> {
    const again = request.method === "POST" && request.headers.has("idempotency-key") ? this.#weather.duplicate() : undefined;
    const copy = again && request.clone();
    this.asked += 1;
    this.waiting += 1;
    try {
      const sending = this.#send(request);
      if (copy && typeof again === "object") this.#repeat(copy, again.afterMs, sending);
      else if (copy && again === "at once") this.#repeat(copy, 0, sending);
      const received = await sending;
      if (copy && again === "after the answer") this.#repeat(copy, 0, sending);
      if (received.status < 500) this.answered += 1;
      return responseOf(received);
    } finally {
      this.waiting -= 1;
    }
  }

  #repeat(copy: Request, afterMs: number, sending: Promise<Received>): void {
    const compare = async (): Promise<void> => {
      if (afterMs > 0) await passing(this.#world, afterMs);
      if (this.#machine.up) this.#weather.duplicated(nameOf(copy));
      const [first, second] = await Promise.allSettled([sending, this.#send(copy)]);
      if (first.status === "fulfilled" && second.status === "fulfilled") checkSame(copy, first.value, second.value);
      for (const result of [first, second]) if (result.status === "rejected" && !(result.reason instanceof Failure)) throw result.reason;
    };
    this.waiting += 1;
    void compare()
      .catch((error: unknown) => this.bugs.push(error))
      .finally(() => {
        this.waiting -= 1;
      });
  }

  async #send(request: Request): Promise<Received> {
    this.#story?.tell("client", `sends ${nameOf(request)}`);
    const note = (came: string): void => {
      this.#world.note(`${nameOf(request)} -> ${came}`);
      this.#story?.tell("client", `${nameOf(request)} -> ${came}`);
    };
    try {
      const received = await this.#machine.enter(async ({ gateway }): Promise<Received> => {
        if (!gateway) throw new Failure("INVALID_DEFINITION", { what: "the system has no gateway", at: "world.http" });
        return receive(await gateway.fetch(request));
      });
      note(`${received.status} ${shortText(new TextDecoder().decode(received.body))}`);
      return received;
    } catch (error) {
      note(error instanceof Failure ? error.code : "an error");
      throw error;
    }
  }
}

/** Reads the body to its end: an answer that is half out when the process dies is none. */
async function receive(response: Response): Promise<Received> {
  const { status, statusText, headers } = response;
  return { status, statusText, headers, body: new Uint8Array(await response.arrayBuffer()) };
}

const responseOf = ({ status, statusText, headers, body }: Received): Response =>
  new Response(bodiless.has(status) ? null : body, { status, statusText, headers });

/** 5xx are no outcomes: whoever hears one asks again. */
function checkSame(request: Request, first: Received, second: Received): void {
  if (first.status >= 500 || second.status >= 500) return;
  const [said, repeated] = [first, second].map(({ status, body }) => `${status} ${new TextDecoder().decode(body)}`);
  if (said !== repeated) {
    throw new BrokenLaw(
      "one answer per Idempotency-Key",
      `${nameOf(request)} was answered with ${shortText(said)} and with ${shortText(repeated)}`,
    );
  }
}

function nameOf({ method, url }: Request): string {
  const { pathname, search } = new URL(url);
  return `${method} ${pathname}${search}`;
}
