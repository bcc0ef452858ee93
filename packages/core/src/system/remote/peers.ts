// The links of one node to those whom it asks: one to each, made when there is something to ask, and made again, after a pause
// that grows, while the directory names the node. Who asks hears when it is worth trying.
//
//  N1  A request that was taken is answered by exactly one of `answered`, `again`, `moved` and `lost`; of a stream batches come before it.
//  N2  `again` and `moved` only if the node certainly did not take it; `lost` whenever that is not known.
//  N3  Requests of one asker to one node leave in the order in which they were taken.
import { assert } from "../../base/assert.ts";
import { backoffMs } from "../../base/backoff.ts";
import { Numbered } from "../../base/numbered.ts";
import { versionName } from "../../contract/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Address, Link, LinkHandler, LinkLoss, NodeIdentity, Transport } from "../../transport/index.ts";
import type { Directory } from "./directory.ts";
import { contractsIn } from "./hello.ts";
import type { Target } from "./lane.ts";
import { Latency } from "./latency.ts";
import type { RemoteLimits } from "./limits.ts";
import { MalformedFrame } from "./frame-members.ts";
import { type Batch, cancelRest, readResponded, request, type Responded, type Rest } from "./wire.ts";

export type Answered = Exclude<Responded, { readonly kind: "again" | "moved" } | Batch>;

export interface Request {
  readonly rest: Rest;
  /** Whether the time that it takes says something of the node. */
  readonly isMeasured: boolean;
  /** Of its time, milliseconds, by the monotonic clock; 0: it has no deadline. */
  leftMs(nowMs: number): number;
  answered(answer: Answered): void;
  /** Throws `MalformedFrame`, also for what is no stream. */
  batch(batch: Batch): void;
  again(): void;
  /** `taken`: it had begun where it was, and goes on elsewhere. It had left at `sinceMs`. */
  moved(taken: boolean, sinceMs: number): void;
  lost(why: string): void;
}

/** Where a request is, so that it can be given up. */
export interface Place {
  readonly peer: Peer;
  readonly n: number;
}

export interface Sendable extends Request {
  /** Undefined: it has not left, or is not on its way any more. */
  place: Place | undefined;
}

/** One link, from the moment at which it is wanted until it is lost. */
export class Peer implements LinkHandler, Target<Sendable> {
  readonly identity: NodeIdentity;
  readonly latency: Latency;
  readonly #clock: Runtime["clock"];
  readonly #changed: () => void;
  readonly #open = new Numbered<Opened>();
  /** What is to be said of requests that have left, for which there was no room: the newest of each. */
  readonly #unsaid = new Map<number, string>();
  #link: Link | undefined;
  /** That it implements; undefined: it has not said. */
  #contracts: ReadonlySet<string> | undefined;
  #last = 0;
  #full = false;
  /** It has said that it takes nothing: nothing more is sent, what is open is still answered. */
  leaving = false;

  constructor(identity: NodeIdentity, clock: Runtime["clock"], changed: () => void) {
    this.identity = identity;
    this.latency = new Latency(clock.monotonic());
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Whether it is worth calling `send` now. */
  get ready(): boolean {
    return this.#link !== undefined && !this.#full && !this.leaving;
  }

  get open(): number {
    return this.#open.size;
  }

  deliver(outgoing: Sendable): boolean {
    outgoing.place = this.send(outgoing);
    return outgoing.place !== undefined;
  }

  /** Undefined: there is no room now, or no link. Throws MESSAGE_TOO_LARGE. */
  send(asked: Request): Place | undefined {
    if (!this.#link || !this.ready) return undefined;
    const n = this.#last + 1;
    const nowMs = this.#clock.monotonic();
    if (!this.#link.send(request(n, asked.leftMs(nowMs), asked.rest))) {
      this.#full = true;
      return undefined;
    }
    this.#last = n;
    if (asked.isMeasured) this.latency.asked(nowMs);
    const opened: Opened = { peer: this, n, asked, sinceMs: nowMs };
    this.#open.set(n, opened);
    return opened;
  }

  /** Nobody waits for the answer any more. */
  forget(n: number): void {
    const opened = this.#open.get(n);
    if (!opened) return;
    this.#open.delete(n);
    if (opened.asked.isMeasured) this.latency.gaveUp(opened.sinceMs, this.#clock.monotonic());
    this.say(n, cancelRest);
  }

  /** Nobody waits any more for the answers to those that are `over`, which may come or not: they hear that they are lost. How many. */
  writeOff(over: (asked: Request) => boolean, why: string): number {
    let count = 0;
    for (const [n, { asked }] of this.#open.entries()) {
      if (!over(asked)) continue;
      this.#open.delete(n);
      this.say(n, cancelRest);
      asked.lost(why);
      count += 1;
    }
    if (count > 0 && this.leaving && this.#open.size === 0) this.#changed();
    return count;
  }

  /** Of a request that has left. It takes the place of what was to be said of it and has not left. */
  say(n: number, rest: Rest): void {
    if (!this.#link) return;
    const text = request(n, 0, rest);
    if (!this.#full && this.#link.send(text)) return;
    this.#full = true;
    this.#unsaid.set(n, text);
  }

  /** As far as it has said. */
  implements(contract: string, version: number): boolean {
    return this.#contracts?.has(versionName(contract, version)) ?? true;
  }

  attach(link: Link): void {
    this.#link = link;
    this.#contracts = contractsIn(link.hello);
  }

  close(): void {
    this.#link?.close("the node stops");
  }

  message(value: unknown): void {
    try {
      const { n, responded } = readResponded(value);
      const opened = this.#open.get(n);
      if (!opened) return; // it was given up
      if (responded.kind === "batch") return opened.asked.batch(responded);
      this.#open.delete(n);
      this.#responded(opened, responded);
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.#link?.close(error.message);
    }
    if (this.leaving && this.#open.size === 0) this.#changed();
  }

  #responded({ asked, sinceMs }: Opened, responded: Exclude<Responded, Batch>): void {
    if (responded.kind === "again") {
      this.leaving = true;
      return asked.again();
    }
    if (responded.kind === "moved") return asked.moved(responded.taken, sinceMs);
    if (asked.isMeasured) this.measure(sinceMs, responded);
    asked.answered(responded);
  }

  /** What had left at `sinceMs` is answered now: by this node, or by another one to which this one has left it. */
  measure(sinceMs: number, { kind }: Answered): void {
    const nowMs = this.#clock.monotonic();
    if (kind === "failure") this.latency.failed(sinceMs, nowMs);
    else this.latency.answered(sinceMs, nowMs);
  }

  room(): void {
    for (const [n, text] of this.#unsaid) {
      if (!this.#link?.send(text)) return;
      this.#unsaid.delete(n);
    }
    this.#full = false;
    this.#changed();
  }

  closed({ why }: LinkLoss): void {
    this.#link = undefined;
    this.leaving = true;
    const open = this.#open.entries();
    this.#open.clear();
    this.#unsaid.clear();
    for (const [, { asked }] of open) asked.lost(why);
    this.#changed();
  }
}

interface Opened extends Place {
  readonly asked: Request;
  /** When it left. */
  readonly sinceMs: number;
}

interface Known {
  address: Address;
  peer: Peer | undefined;
  connecting: boolean;
  failures: number;
}

export interface PeersInit {
  readonly transport: Transport;
  readonly directory: Directory;
  readonly runtime: Runtime;
  readonly limits: RemoteLimits;
}

export class Peers {
  readonly directory: Directory;
  readonly #init: PeersInit;
  /** By incarnation. */
  readonly #targets = new Map<string, Known>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #closed = false;

  constructor(init: PeersInit) {
    this.#init = init;
    this.directory = init.directory;
    init.directory.watch(() => {
      for (const service of this.#watchers.keys()) this.#changed(service);
    });
  }

  /** `changed` is called whenever it may be worth asking for `ready` again. */
  watch(service: string, changed: () => void): void {
    const watchers = this.#watchers.get(service);
    if (watchers) watchers.add(changed);
    else this.#watchers.set(service, new Set([changed]));
  }

  /** The link to the node of the service that has this incarnation; if there is none, it is made where possible. */
  toIncarnation(service: string, incarnation: string): Peer | undefined {
    const address = this.directory.nodes(service).find(({ identity }) => identity.incarnation === incarnation);
    return address && this.to(service, address);
  }

  /** The links of the service with room; where there is none, it is made where possible. */
  ready(service: string): readonly Peer[] {
    const ready: Peer[] = [];
    for (const address of this.directory.nodes(service)) {
      const peer = this.to(service, address);
      if (peer) ready.push(peer);
    }
    return ready;
  }

  /** The link to this node of the service, if it has room; if there is none, it is made where possible. */
  to(service: string, address: Address): Peer | undefined {
    const target = this.#target(address);
    if (!target.peer) this.#connect(service, target);
    return target.peer?.ready ? target.peer : undefined;
  }

  /** Of what is open at nodes of the service that nobody names any more, those that are `over` hear that they are lost. */
  writeOff(service: string, over: (asked: Request) => boolean): void {
    const named = new Set(this.directory.nodes(service).map(nameOf));
    for (const [name, { address, peer }] of this.#targets) {
      if (!peer || peer.open === 0 || address.identity.service !== service || named.has(name)) continue;
      const { node } = address.identity;
      const count = peer.writeOff(over, `node "${node}" is not there any more, and others do its work`);
      if (count > 0) this.#init.runtime.logger.log("info", "link.written_off", { service, node, count });
    }
  }

  close(): void {
    this.#closed = true;
    for (const { peer } of this.#targets.values()) peer?.close();
  }

  #target(address: Address): Known {
    const name = nameOf(address);
    let target = this.#targets.get(name);
    if (!target) this.#targets.set(name, (target = { address, peer: undefined, connecting: false, failures: 0 }));
    target.address = address;
    return target;
  }

  #connect(service: string, target: Known): void {
    if (target.connecting || this.#closed) return;
    target.connecting = true;
    const { transport } = this.#init;
    let made: Peer | undefined;
    const handle = (link: Link): LinkHandler => {
      made = new Peer(link.peer, this.#init.runtime.clock, () => {
        if (made?.leaving && made.open === 0 && target.peer === made) this.#drop(service, target);
        this.#changed(service);
      });
      made.attach(link);
      return made;
    };
    void this.#connected(service, target, transport.connect(target.address, handle), () => made);
  }

  async #connected(service: string, target: Known, connecting: Promise<Link>, made: () => Peer | undefined): Promise<void> {
    try {
      await connecting;
    } catch (error) {
      this.#init.runtime.logger.log("warn", "link.not_made", { service, node: target.address.identity.node, error });
      return this.#again(service, target);
    }
    const peer = made();
    assert(peer, "a link that was made has its handler");
    if (this.#closed) return peer.close();
    if (peer.leaving) return this.#again(service, target); // lost already
    target.connecting = false;
    target.failures = 0;
    target.peer = peer;
    this.#changed(service);
  }

  /** Lost, or the node takes nothing more; while the directory names it, it is tried again after a pause. */
  #drop(service: string, target: Known): void {
    target.peer?.close();
    target.peer = undefined;
    this.#pause(service, target, 1);
  }

  /** One more attempt was in vain. */
  #again(service: string, target: Known): void {
    target.failures += 1;
    this.#pause(service, target, target.failures);
  }

  /** Until then no link is made; a node that nobody names any more is forgotten. */
  #pause(service: string, target: Known, failures: number): void {
    const { runtime, limits } = this.#init;
    const name = nameOf(target.address);
    target.connecting = true;
    runtime.timers.after(
      backoffMs(limits.reconnect, failures, () => runtime.random.next()),
      () => {
        target.connecting = false;
        if (!this.directory.nodes(service).some((address) => nameOf(address) === name)) this.#targets.delete(name);
        this.#changed(service);
      },
    );
  }

  #changed(service: string): void {
    if (this.#closed) return;
    for (const changed of this.#watchers.get(service) ?? []) changed();
  }
}

const nameOf = ({ identity: { incarnation } }: Address): string => incarnation;
