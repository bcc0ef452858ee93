// What this node asks of one partition of a service, of its log's host, of any of its instances, or of one of them, in its order: what
// is on its way, what has come back, and what waits.
//
//  L1  in order   Messages leave in the order in which they came; what comes back leaves again before anything younger does.
//  L2  no mixing  What is for a partition goes to a new owner only when nothing of the lane is on its way to the one before: each has been
//                 answered, given back or given up, or its link is lost, or it was written off (R5).
//  L3  no loops   A message that a node has called moved leaves again only under a higher epoch than it left with.
import { Deque } from "../../base/deque.ts";

/** For whom a message is: the owner of a key's partition, the host of the log, any instance, or one and no other in its place. */
export type Goal =
  | { readonly kind: "owner"; readonly contract: string; readonly key: string }
  | { readonly kind: "host" }
  | { readonly kind: "any" }
  | { readonly kind: "node"; readonly incarnation: string };

/** A message, as far as its lane is concerned. */
export interface Queued {
  /** In which they came: the order in which they are sent, also again. */
  readonly order: number;
  /** Nobody waits for what becomes of it any more. */
  readonly settled: boolean;
  /** Of its partition, under which it has left; 0: none. */
  epoch: number;
}

/** A place where messages go. */
export interface Target<T> {
  /** False: it takes nothing now. Throws MESSAGE_TOO_LARGE. */
  deliver(message: T): boolean;
}

/** Items that have been given up and are still in the queue before it is cleared of them. */
const deadMax = 64;

export class Lane<T extends Queued> {
  readonly goal: Goal;
  /** Of the service's log; undefined where it is for none, or it is not known yet for which. */
  readonly partition: number | undefined;
  /** To be sent again: each is older than all in the queue. */
  #returned: T[] = [];
  #queue = new Deque<T>();
  #dead = 0;
  /** On their way. */
  #open = 0;
  /** Under which those left. */
  #epoch = 0;
  /** Nothing leaves but under a higher one. */
  #barred = -1;

  constructor(goal: Goal, partition: number | undefined) {
    this.goal = goal;
    this.partition = partition;
  }

  /** Nothing waits and nothing is on its way. */
  get idle(): boolean {
    return this.#open === 0 && !this.waits;
  }

  /** Something waits. */
  get waits(): boolean {
    return this.#returned.length > 0 || this.#queue.length > 0;
  }

  /** Behind everything that waits. */
  push(outgoing: T): void {
    this.#queue.push(outgoing);
  }

  /** In its old place. `moved`: nobody took it, and nobody will under the epoch that it left with. */
  takeBack(outgoing: T, moved: boolean): void {
    if (moved) this.#barred = Math.max(this.#barred, outgoing.epoch);
    this.#returned.push(outgoing);
  }

  /** One that was on its way is not any more. */
  ended(): void {
    this.#open -= 1;
  }

  /** One of those that wait is not worth sending any more. */
  died(): void {
    this.#dead += 1;
    if (this.#dead < deadMax || this.#dead * 2 < this.#queue.length + this.#returned.length) return; // taken out when their turn comes
    const queue = new Deque<T>();
    for (const outgoing of this.#queue) if (!outgoing.settled) queue.push(outgoing);
    this.#queue = queue;
    this.#returned = this.#returned.filter(({ settled }) => !settled);
    this.#dead = 0;
  }

  /** Whether a message may leave now for where its partition is owned under `epoch` (L2, L3). */
  admits(epoch: number): boolean {
    return epoch > this.#barred && (this.#open === 0 || epoch === this.#epoch);
  }

  /** False: it takes nothing now. Throws MESSAGE_TOO_LARGE. */
  give(outgoing: T, target: Target<T>, epoch: number): boolean {
    outgoing.epoch = epoch;
    this.#epoch = epoch;
    this.#open += 1; // first: it may come back before it has left
    let given = false;
    try {
      given = target.deliver(outgoing);
      return given;
    } finally {
      if (!given) this.#open -= 1;
    }
  }

  /** The oldest that waits, which does so no more. */
  take(): T | undefined {
    if (this.#returned.length > 1) this.#returned.sort((a, b) => b.order - a.order); // the oldest last; where they are sorted it costs one look
    for (let oldest = this.#returned.pop(); oldest; oldest = this.#returned.pop()) if (this.#lives(oldest)) return oldest;
    for (let oldest = this.#queue.shift(); oldest; oldest = this.#queue.shift()) if (this.#lives(oldest)) return oldest;
    return undefined;
  }

  #lives({ settled }: T): boolean {
    if (settled) this.#dead -= 1;
    return !settled;
  }
}
