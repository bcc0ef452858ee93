// How many requests are being answered at one moment: what is more is refused at once, so that those inside are answered in
// time.
import { Failure } from "@atoll/core";
import type { Limits } from "./limits.ts";

/** The requests whose body has arrived and whose answer has not left. */
export class Admission {
  readonly #max: number;
  #count = 0;

  constructor(limits: Limits) {
    this.#max = limits.requestsInFlightMax;
  }

  get count(): number {
    return this.#count;
  }

  /** `Failure` OVERLOADED if there are too many. */
  enter(): void {
    if (this.#count >= this.#max) throw new Failure("OVERLOADED", { what: `${this.#max} requests are being answered`, at: "gateway" });
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
  }
}
