// Durable commands at a fixed rate, whoever else is busy, or as fast as the disk goes; and how long each took from the moment at
// which it was due until its answer. Commands that a forced collection fell into are answered and not counted: it is part
// of the measuring.
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import type { Running } from "@atoll/core";
import { keys, Talker } from "./talk.ts";

/** Of a fixed rate: who is slower than that is shown by the rate, and does not fill memory. */
const inFlightMax = 2_000;
const writers = 500;
/** A slow disk is no failure. */
const within = "5m";

export interface Answered {
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
}

export class Load {
  readonly #running: Running;
  readonly #text: string;
  #next = 0;
  #collections = 0;
  /** By key, the highest number that was answered. */
  readonly said = new Map<string, number>();

  constructor(running: Running, textLength: number) {
    this.#running = running;
    this.#text = "x".repeat(textLength);
  }

  /** Messages answered so far. */
  get count(): number {
    let count = 0;
    for (const n of this.said.values()) count += n;
    return count;
  }

  /** `count` commands, as fast as the disk goes. */
  async pour(count: number): Promise<void> {
    let left = count;
    const writer = async (): Promise<void> => {
      while (left-- > 0) await this.#say();
    };
    await Promise.all(Array.from({ length: writers }, writer));
  }

  /**
   * At `perSecond`, for `ms` at least and until `isOver`. Every `sampleEveryMs` it calls `sample`, which may stop the process for a
   * while: what is due then is due later.
   */
  async at(perSecond: number, ms: number, isOver: () => boolean, sampleEveryMs: number, sample: () => void): Promise<Answered> {
    const latenciesMs: number[] = [];
    const under = new Set<Promise<void>>();
    const startMs = performance.now();
    let stoppedMs = 0;
    let sampleMs = startMs + sampleEveryMs;
    let sent = 0;
    for (let nowMs = startMs; nowMs - startMs < ms || !isOver(); nowMs = performance.now()) {
      if (nowMs >= sampleMs) {
        sample();
        this.#collections += 1;
        stoppedMs += performance.now() - nowMs;
        sampleMs = performance.now() + sampleEveryMs;
      }
      const due = Math.floor(((performance.now() - startMs - stoppedMs) * perSecond) / 1_000);
      for (; sent < due && under.size < inFlightMax; sent++) {
        const dueMs = startMs + stoppedMs + ((sent + 1) * 1_000) / perSecond;
        const one = this.#timed(dueMs, latenciesMs).finally(() => under.delete(one));
        under.add(one);
      }
      await pause(1);
    }
    await Promise.all(under);
    return { latenciesMs, perSecond: (sent * 1_000) / (performance.now() - startMs) };
  }

  async #timed(dueMs: number, latenciesMs: number[]): Promise<void> {
    const collections = this.#collections;
    await this.#say();
    if (collections === this.#collections) latenciesMs.push(performance.now() - dueMs);
  }

  async #say(): Promise<void> {
    const key = keys[this.#next++ % keys.length] as string;
    const answer = await this.#running.at(Talker, key).say({ text: this.#text }, { within });
    this.said.set(key, Math.max(this.said.get(key) ?? 0, answer.n));
  }
}

/** Looks again and again, without a pause that would cost time in which nothing happens. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await turn();
}
