// How fast a node answers, as one who asks it sees it: what a balanced choice goes by. An exponentially weighted mean over time,
// so that many fast answers do not weigh more than the time in which they came.
//
//  W1  A slower answer than the mean counts at once and whole, a faster one gradually: who becomes slow loses its load at once.
//  W2  A failure, or an ask that was given up, never makes a node look faster: one that refuses quickly does not attract load.
//  W3  What has not been asked for `probeMs`, and has nothing open, is due: one ask finds out whether it has recovered.

/** In which an old measurement loses most (1 − 1/e) of its weight: after two or three probes a node is what they say. */
const decayMs = 300;
/** A slow node is asked at least this often, one ask at a time. */
const probeMs = 1_000;

export class Latency {
  #meanMs: number | undefined = undefined;
  #measuredMs: number;
  #askedMs: number;

  constructor(nowMs: number) {
    this.#measuredMs = nowMs;
    this.#askedMs = nowMs;
  }

  /** Undefined before the first answer. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  asked(nowMs: number): void {
    this.#askedMs = nowMs;
  }

  answered(sinceMs: number, nowMs: number): void {
    const took = nowMs - sinceMs;
    const mean = this.#meanMs;
    const kept = Math.exp(-(nowMs - this.#measuredMs) / decayMs);
    this.#measuredMs = nowMs;
    this.#meanMs = mean === undefined || took > mean ? took : mean * kept + took * (1 - kept);
  }

  failed(sinceMs: number, nowMs: number): void {
    if (nowMs - sinceMs > (this.#meanMs ?? 0)) this.answered(sinceMs, nowMs);
  }

  gaveUp(sinceMs: number, nowMs: number): void {
    this.failed(sinceMs, nowMs);
  }

  isDue(nowMs: number): boolean {
    return nowMs - this.#askedMs >= probeMs;
  }
}
