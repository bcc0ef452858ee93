// Which ends of requests are violations. Every request has an answer within the gateway's deadline. Only a gateway that was killed may
// leave one without, and only until it is back: from the kill to the first answer to a request that was sent after it.
import { answerMsMax, type Attempt } from "../shop-kill9/shoppers.ts";

/** Of faults that are kept in words; all are counted. */
const toldMax = 100;

export class Answers {
  readonly #killedMs: number[] = [];
  readonly #backMs: (number | undefined)[] = [];
  readonly faults: string[] = [];
  answered = 0;
  /** Without an answer, because the gateway was not there. */
  cut = 0;
  /** Without an answer within the deadline and its grace. */
  late = 0;
  /** Without an answer, although the gateway was there. */
  dropped = 0;

  get violations(): number {
    return this.late + this.dropped;
  }

  /** `atMs` is before the signal. */
  gatewayKilled(atMs: number): void {
    this.#killedMs.push(atMs);
    this.#backMs.push(undefined);
  }

  take({ what, startedMs, endedMs, end }: Attempt): void {
    if (end === "answered") {
      this.answered += 1;
      for (let i = this.#backMs.length - 1; i >= 0 && this.#backMs[i] === undefined; i--)
        if (startedMs > (this.#killedMs[i] as number)) this.#backMs[i] = endedMs;
    }
    const tookMs = endedMs - startedMs;
    if (end === "late" || tookMs > answerMsMax) {
      this.late += 1;
      this.#tell(`${what} had no answer within ${answerMsMax} ms`);
    } else if (end === "cut" && this.#wasThere(startedMs, endedMs)) {
      this.dropped += 1;
      this.#tell(`${what} was cut off after ${Math.round(tookMs)} ms, although the gateway was there`);
    } else if (end === "cut") this.cut += 1;
  }

  /** From beginning to end, as far as is known. */
  #wasThere(fromMs: number, toMs: number): boolean {
    return !this.#killedMs.some((killedMs, i) => killedMs <= toMs && (this.#backMs[i] ?? Number.POSITIVE_INFINITY) >= fromMs);
  }

  #tell(fault: string): void {
    if (this.faults.length < toldMax) this.faults.push(fault);
  }
}
