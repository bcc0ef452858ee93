// The nodes of one system in one virtual process, with links in memory: what crosses from node to node is real, what could be lost
// on the way is not. For tests of rules between nodes.
import { strict as assert } from "node:assert";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { type Directory, ring as joining } from "@atoll/core/ring";
import { boot, type Booted, type System } from "@atoll/core/system";
import { SimulatedTables } from "@atoll/core/tables/simulated";
import { type Address, type HandleLink, type Link, type LinkLimits, type NodeIdentity, ticketFor } from "@atoll/core/transport";
import { MemoryNetwork } from "@atoll/core/transport/memory";

interface Place {
  readonly identity: NodeIdentity;
  readonly secret: string;
}

export class VirtualRing {
  readonly world: VirtualWorld;
  readonly #system: System;
  readonly #process: VirtualProcess;
  readonly #network: MemoryNetwork;
  readonly #journals: SimulatedJournalStore;
  readonly #tables: SimulatedTables;
  /** Who is named in everybody's directory. */
  readonly #places = new Map<string, Place>();
  readonly #lost = new Map<string, string>();
  readonly #watchers: (() => void)[] = [];
  #started = 0;

  constructor(system: System, seed = 1) {
    this.#system = system;
    this.world = new VirtualWorld({ seed });
    this.#process = this.world.process("ring");
    const disk = new SimulatedDisk(this.world.outside);
    this.#tables = new SimulatedTables(this.world.outside);
    this.#journals = new SimulatedJournalStore(disk, this.#process, { process: "ring" });
    this.#network = new MemoryNetwork(this.#process);
  }

  /** Starts a node of the service; others find it at once, or, with `named` false, when `name` is called. */
  async up(service: string, named = true): Promise<Booted> {
    this.#started += 1;
    const identity = { node: `${service}-1`, service, incarnation: String(this.#started).padStart(32, "0") };
    const place = { identity, secret: `secret of ${identity.incarnation}` };
    const joined = joining({
      transport: this.#network.transport({ system: this.#system.name, self: identity }),
      directory: this.#directoryOf(identity),
      at: identity.incarnation,
      secret: place.secret,
    });
    const platform = {
      runtime: this.#process,
      journals: this.#journals,
      config: {},
      tables: this.#tables.store(this.#process),
      ring: joined,
    };
    const booted = await this.inside(() => boot(this.#system, platform));
    if (named) this.#change(() => this.#places.set(service, place));
    return booted;
  }

  /** A bare link to the node of service `to`, from one of service `from` that runs nothing. */
  connect(from: string, to: string, handle: HandleLink, limits: Partial<LinkLimits> = {}): Promise<Link> {
    const self = { node: `${from}-bare`, service: from, incarnation: "f".repeat(32) };
    const [address] = this.#directoryOf(self).nodes(to);
    assert(address, `nobody runs "${to}"`);
    return this.inside(() => this.#network.transport({ system: this.#system.name, self, limits }).connect(address, handle));
  }

  /** Nobody finds the service any more. */
  forget(service: string): void {
    this.#change(() => this.#places.delete(service));
  }

  lose(service: string, why: string): void {
    this.#change(() => this.#lost.set(service, why));
  }

  inside<T>(act: () => Promise<T>): Promise<T> {
    return this.#process.enter(this.world.outside, act);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  #change(change: () => void): void {
    change();
    void this.#process.enter(this.world.outside, () => {
      for (const watcher of this.#watchers) watcher();
      return Promise.resolve();
    });
  }

  #directoryOf(self: NodeIdentity): Directory {
    return {
      nodes: (service) => {
        const place = this.#places.get(service);
        if (!place) return [];
        const address: Address = {
          identity: place.identity,
          at: place.identity.incarnation,
          ticket: ticketFor(place.secret, this.#system.name, self),
        };
        return [address];
      },
      lost: (service) => this.#lost.get(service),
      plan: () => undefined,
      watch: (changed) => this.#watchers.push(changed),
    };
  }
}

/** Runs `scenario`, and fails if any task threw. */
export async function inRing<T>(system: System, scenario: (ring: VirtualRing) => Promise<T>, seed = 1): Promise<T> {
  const ring = new VirtualRing(system, seed);
  const result = await ring.world.runUntil(scenario(ring));
  for (const { error } of ring.world.failures) throw error;
  return result;
}
