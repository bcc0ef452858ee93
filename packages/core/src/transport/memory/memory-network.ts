// Links between nodes of one process: no medium that could lose anything, so no signs of life and no timers while a link
// is open. In development messages are encoded and decoded, as between processes; in production they are handed over as they are, so
// that only their number is bounded: what they hold is in memory already.
//
// Frames go through a queue of their own for each direction, drained by a hand-over of the receiver's scheduler: what arrives
// is never handled within the call that sent it, and the order does not rest on the scheduler.
import { assert } from "../../base/assert.ts";
import { Deque } from "../../base/deque.ts";
import { Failure } from "../../base/failure.ts";
import type { Json } from "../../contract/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { callNode } from "../calling.ts";
import { ConnectFailure } from "../connect-failure.ts";
import type { LinkEnd, Wire } from "../link-end.ts";
import { LinkMetrics } from "../link-metrics.ts";
import { nodeOptions, type TransportOptions } from "../node-options.ts";
import { Reception } from "../reception.ts";
import type { Address, Link, Listener, Transport } from "../transport.ts";

/** Of one process. Nodes find each other by the names that they listen at. */
export class MemoryNetwork {
  readonly #runtime: Runtime;
  readonly #metrics: LinkMetrics;
  readonly #listeners = new Map<string, Reception>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#metrics = new LinkMetrics(runtime.metrics);
  }

  /** Fails with INVALID_CONFIG. */
  transport(options: TransportOptions): Transport {
    const node = nodeOptions({ ...options, limits: { ...options.limits, silentMs: 0 } });
    return {
      self: node.self,
      listen: (at, secret, accept) => this.#listen(at, new Reception(this.#runtime, node, secret, accept, this.#metrics)),
      connect: (to, handle) => this.#connect(to, (wire) => callNode(this.#runtime, node, to, handle, this.#metrics, wire)),
    };
  }

  // eslint-disable-next-line typescript/require-await -- as everything that may fail it does so by its promise
  async #listen(at: string, reception: Reception): Promise<Listener> {
    if (this.#listeners.has(at)) throw new Failure("ADDRESS_TAKEN", { what: `another node of this process listens`, at });
    this.#listeners.set(at, reception);
    // eslint-disable-next-line typescript/require-await -- the port's form
    const close = async (): Promise<void> => {
      if (this.#listeners.get(at) !== reception) return;
      this.#listeners.delete(at);
      reception.close();
    };
    return { at, close, [Symbol.asyncDispose]: close };
  }

  #connect(to: Address, call: (wire: Wire) => { readonly end: LinkEnd; readonly link: Promise<Link> }): Promise<Link> {
    const reception = this.#listeners.get(to.at);
    if (!reception) return Promise.reject(new ConnectFailure("unreachable", "no node of this process listens there", to.at));
    const [there, back] = [new MemoryWire(this.#runtime), new MemoryWire(this.#runtime)];
    const { end, link } = call(there);
    back.leadTo(end);
    there.leadTo(reception.receive(back, "this process"));
    return link;
  }
}

/** One direction of a link. */
class MemoryWire implements Wire {
  readonly form: Wire["form"];
  readonly #runtime: Runtime;
  readonly #frames = new Deque<string | Json>();
  readonly #drain = (): void => this.#deliver();
  #end: LinkEnd | undefined;
  #ended = false;
  #due = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.form = runtime.mode === "development" ? "text" : "value";
  }

  leadTo(end: LinkEnd): void {
    this.#end = end;
  }

  write(frame: string | Json): void {
    assert(!this.#ended, "nothing is written after the end");
    this.#frames.push(frame);
    this.#deliverSoon();
  }

  end(): void {
    this.#ended = true;
    this.#deliverSoon();
  }

  #deliverSoon(): void {
    if (this.#due) return;
    this.#due = true;
    this.#runtime.scheduler.soon(this.#drain);
  }

  /** What has gathered, and no more: two that answer each other at once must not keep out everybody else. */
  #deliver(): void {
    this.#due = false;
    const end = this.#end as LinkEnd;
    for (let left = this.#frames.length; left > 0; left--) {
      const frame = this.#frames.shift();
      if (this.form === "text") end.received(JSON.parse(frame as string), (frame as string).length);
      else end.received(frame, 0);
    }
    if (this.#frames.length > 0) this.#deliverSoon();
    else if (this.#ended) end.broken("the other end is gone");
  }
}
