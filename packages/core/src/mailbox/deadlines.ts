// The deadlines of all waiting messages, as a hashed timing wheel (Varghese and Lauck, 1987): adding, settling and
// expiring cost the same whatever the number that waits, and one timer serves all. A message joins only when it cannot
// be answered in the turn in which it came, so the fast path never touches the wheel.
import { assert } from "../base/assert.ts";
import type { Runtime, Timer } from "../runtime/index.ts";
import { deadlineFailure, unlink, type Message, type Slot } from "./message.ts";

/** A deadline is met at most this much late. */
export const deadlineTickMs = 10;
const slots = 1024;

export class Deadlines {
  readonly #runtime: Runtime;
  readonly #wheel: Slot[] = Array.from({ length: slots }, () => ({ first: undefined, count: 0 }));
  #tick: number;
  #timer: Timer | undefined;
  #armedTick = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#tick = this.#now();
  }

  /** Starts the clock of `message`; a second call changes nothing. Settling it takes it off again. */
  watch(message: Message): void {
    if (message.slot || message.settled || message.withinMs === Number.POSITIVE_INFINITY) return;
    const now = this.#now();
    if (!this.#timer) this.#tick = now; // nothing waited: nothing was passed over
    message.dueTick = now + Math.max(1, Math.ceil(message.withinMs / deadlineTickMs)) + 1;
    const slot = this.#wheel[message.dueTick % slots] as Slot;
    message.slot = slot;
    message.behind = slot.first;
    if (slot.first) slot.first.before = message;
    slot.first = message;
    slot.count += 1;
    if (!this.#timer || message.dueTick < this.#armedTick) this.#arm(message.dueTick);
  }

  /** What is left of its time, milliseconds: all of it for one whose clock has not started. */
  leftMs({ slot, dueTick, withinMs }: Message): number {
    if (!slot) return withinMs;
    return Math.max(1, Math.min(withinMs, (dueTick - 1) * deadlineTickMs - this.#runtime.clock.monotonic()));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #now(): number {
    return Math.floor(this.#runtime.clock.monotonic() / deadlineTickMs);
  }

  #arm(tick: number): void {
    this.#timer?.cancel();
    this.#armedTick = tick;
    const delayMs = Math.max(1, tick * deadlineTickMs - this.#runtime.clock.monotonic());
    this.#timer = this.#runtime.timers.after(delayMs, () => this.#expire());
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#now();
    // After a long pause one round over the wheel is enough: each slot is looked at once.
    const from = Math.max(this.#tick, now - slots + 1);
    for (let tick = from; tick <= now; tick++) {
      let message = (this.#wheel[tick % slots] as Slot).first;
      while (message) {
        const next: Message | undefined = message.behind;
        if (message.dueTick <= now) {
          unlink(message);
          message.fail(deadlineFailure(message));
        }
        message = next;
      }
    }
    this.#tick = now;
    const next = this.#nextTick(now);
    if (next !== undefined) this.#arm(next);
  }

  /** The next tick whose slot is not empty; its messages may be due only rounds later, then it is looked at again. */
  #nextTick(now: number): number | undefined {
    for (let tick = now + 1; tick <= now + slots; tick++) if ((this.#wheel[tick % slots] as Slot).count > 0) return tick;
    for (const slot of this.#wheel) assert(slot.count === 0, "a wheel without a next slot is empty");
    return undefined;
  }
}
