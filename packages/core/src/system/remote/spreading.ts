// Which instance of a service without keys takes a call (ADR 0037). All of it is decided by the caller, from what it has measured
// itself: no instance says how busy it is.
//
//  B1  least-loaded  Of two instances picked at random, the one with the smaller mean latency × (open asks + 1). One that is slow
//                    loses its load without anybody saying so, and is probed (`Latency`), so that it comes back when it has recovered.
//  B2  round-robin   All instances in turn, whatever they are like.
//  B3  sticky        The same instance for the same key, as long as it can be reached; another key may have another one. When
//                    instances come or go, only the keys of these change places (rendezvous hashing).
import { hash32 } from "../../base/hash.ts";
import type { Spread } from "../../mailbox/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Peer } from "./peers.ts";

/** Below that latencies are alike, milliseconds. */
const alikeMs = 1;

export class Spreading {
  readonly #runtime: Runtime;
  #turn = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  choose(ready: readonly Peer[], spread: Spread | undefined): Peer | undefined {
    if (ready.length <= 1) return ready[0];
    if (spread?.kind === "round-robin") return ready[(this.#turn += 1) % ready.length];
    if (spread?.kind === "sticky") return highest(ready, spread.key);
    return this.#leastLoaded(ready);
  }

  #leastLoaded(ready: readonly Peer[]): Peer | undefined {
    const { clock, random } = this.#runtime;
    const nowMs = clock.monotonic();
    const due = ready.find((peer) => peer.open === 0 && peer.latency.isDue(nowMs));
    if (due) return due;
    const first = Math.floor(random.next() * ready.length);
    const second = (first + 1 + Math.floor(random.next() * (ready.length - 1))) % ready.length;
    const [a, b] = [ready[first] as Peer, ready[second] as Peer];
    const [inA, inB] = [a.latency.meanMs, b.latency.meanMs];
    // Of one that was never measured nothing is known but how much it has to do.
    if (inA === undefined || inB === undefined) return a.open <= b.open ? a : b;
    return loadOf(a, inA) <= loadOf(b, inB) ? a : b;
  }
}

const loadOf = ({ open }: Peer, meanMs: number): number => Math.max(meanMs, alikeMs) * (open + 1);

function highest(ready: readonly Peer[], key: string): Peer | undefined {
  let best: Peer | undefined;
  let bestRank = -1;
  for (const peer of ready) {
    const rank = hash32(`${peer.identity.node}\u0000${key}`);
    if (rank <= bestRank) continue;
    best = peer;
    bestRank = rank;
  }
  return best;
}
