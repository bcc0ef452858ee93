// Carrying out a request with an Idempotency-Key once, and answering it the same every time.
//
// begin (durable) → the operation, under a command id that derives from key and beginning → finish (durable) → the answer.
//
// Why `begin` comes first: after a crash anywhere behind it a repeated request finds the beginning and calls the operation
// under the same command id, so that receipts apply it once. Why `finish` comes before the answer: receipts alone would give
// the same answer only to entities, and only until a busy entity forgets them; handlers have none. A client that has seen an
// answer must get that one again for 24 hours, so it must be on disk before anybody sees it. If it cannot be kept the client
// is told that the outcome is unknown, which is true for the key, and may ask again.
//
// What is kept: replies and rejections, which are outcomes. A failure is none: the next attempt calls the operation again,
// under the same command id. Its request keeps the key, because nobody can be sure that it did nothing. A 202 of a route with
// `later` is no outcome either: it says that the outcome will be kept (later.ts).
import { Failure } from "@atoll/core";
import type { Edge, EdgeCall } from "@atoll/core/edge";
import type { Answer } from "./answer.ts";
import { atMost } from "./at-most.ts";
import { digest } from "./digest.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { HttpKey, type KeptAnswer } from "./idempotency-key.ts";
import { Problem } from "./problem.ts";

/** A command id, and the wall clock (ms) at which it was first minted. */
export interface Identity {
  readonly commandId: string;
  readonly mintedAt: number;
  /** The beginning of the key that they stand for. */
  readonly begunAt: number;
  /** Nobody has called the operation under them before. */
  readonly fresh: boolean;
}

export interface OnceRequest {
  /** Key of the `http-key` entity. */
  readonly key: string;
  /** Of what was sent. */
  readonly fingerprint: Fingerprint;
  readonly withinMs: number;
  /** The `traceparent` of the request. */
  readonly trace: string;
  /** Does not wait for another request with the same key that is running: `perform` knows how to join it. */
  readonly eager?: boolean;
  /** Calls the operation. */
  readonly perform: (identity: Identity, withinMs: number) => Promise<Performed>;
}

interface Performed {
  readonly answer: Answer;
  /** The answer repeats what somebody was told before, or a receipt says. */
  readonly replayed: boolean;
  /** Whether it is the outcome and nobody has kept it yet. */
  readonly toKeep: boolean;
}

interface Beginning {
  readonly at: number;
  readonly fresh: boolean;
  readonly answer?: KeptAnswer;
}

/** The answer is kept even if the operation used up the deadline: this long at least (ms). */
const finishWithinMs = 2_000;

export class Once {
  readonly #edge: Edge;
  readonly #keptBytesMax: number;
  /** What is being carried out in this process, by key and fingerprint; bounded by the requests in flight. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(edge: Edge, keptAnswerBytesMax: number) {
    this.#edge = edge;
    this.#keptBytesMax = keptAnswerBytesMax;
  }

  /** Rejects with a `Problem` IDEMPOTENCY_KEY_REUSED, or with whatever `perform` or the journal fails with. */
  async run(init: OnceRequest): Promise<{ readonly answer: Answer; readonly replayed: boolean }> {
    const slot = `${init.key}.${init.fingerprint.request}`;
    const { clock } = this.#edge.runtime;
    const deadline = clock.monotonic() + init.withinMs;
    if (init.eager) return await this.#attempt(init, deadline);
    for (let running = this.#running.get(slot); running; running = this.#running.get(slot)) {
      await this.#before(deadline, running);
    }
    const attempt = this.#attempt(init, deadline);
    this.#running.set(
      slot,
      attempt.then(
        () => undefined,
        () => undefined,
      ),
    );
    try {
      return await attempt;
    } finally {
      this.#running.delete(slot);
    }
  }

  async #attempt(init: OnceRequest, deadline: number): Promise<{ readonly answer: Answer; readonly replayed: boolean }> {
    const { clock } = this.#edge.runtime;
    const leftMs = (): number => Math.max(1, Math.ceil(deadline - clock.monotonic()));
    const { at, fresh, answer: known } = await this.#begin(init, leftMs());
    if (known) return { answer: answerOf(known), replayed: true };
    const commandId = digest("command-id", init.key, String(at)).slice(0, 32);
    // The entity may have forgotten ids as old as the beginning by now, but one that was never sent is as young as its first
    // sending. It must not be older than the beginning, which is what a later attempt will name: whatever forgets the younger
    // time refuses the older one, too.
    const mintedAt = fresh ? Math.max(at, clock.now()) : at;
    const { answer, replayed, toKeep } = await init.perform({ commandId, mintedAt, begunAt: at, fresh }, leftMs());
    return { answer: toKeep ? await this.keep(init.key, at, answer, init.trace, leftMs()) : answer, replayed };
  }

  /** Stores the outcome of the beginning `at`, and returns the one that holds. UNKNOWN_OUTCOME if it cannot be stored. */
  async keep(key: string, at: number, answer: Answer, trace: string | undefined, withinMs = finishWithinMs): Promise<Answer> {
    const kept = keptOf(answer);
    if ((kept.body?.length ?? 0) > this.#keptBytesMax) return answer;
    return answerOf(await this.#finish({ key, input: { at, answer: kept }, withinMs: Math.max(finishWithinMs, withinMs), trace }));
  }

  async #begin({ key, fingerprint: { request, before }, trace }: OnceRequest, withinMs: number): Promise<Beginning> {
    const answer = await this.#edge.ask({ to: HttpKey.begin, key, input: { request, before }, withinMs, trace });
    if (answer.kind === "reply") return answer.value as Beginning;
    throw new Problem("IDEMPOTENCY_KEY_REUSED", {
      detail: "This Idempotency-Key stands for another request: another body, or another query. Send a new request under a new key.",
    });
  }

  async #finish(
    call: Omit<EdgeCall, "to" | "input"> & { readonly input: { readonly at: number; readonly answer: KeptAnswer } },
  ): Promise<KeptAnswer> {
    try {
      const answer = await this.#edge.ask({ ...call, to: HttpKey.finish });
      return answer.kind === "reply" ? (answer.value as { readonly answer: KeptAnswer }).answer : call.input.answer;
    } catch (cause) {
      throw new Failure("UNKNOWN_OUTCOME", {
        what: "the request was carried out, but its answer could not be kept for its Idempotency-Key",
        cause,
      });
    }
  }

  async #before(deadline: number, running: Promise<void>): Promise<void> {
    const { clock, timers } = this.#edge.runtime;
    if (await atMost(timers, deadline - clock.monotonic(), running)) return;
    throw new Failure("DEADLINE", { what: "the first request with this Idempotency-Key is still running", at: "gateway" });
  }
}

const keptOf = ({ status, headers, body }: Answer): KeptAnswer => ({ status, type: headers["content-type"] ?? null, body });

function answerOf({ status, type, body }: KeptAnswer): Answer {
  const length = body === null && status !== 204 ? { "content-length": "0" } : {};
  return { status, headers: type === null ? length : { "content-type": type }, body };
}
