// The nodes of one system in one virtual process, with links in memory: what crosses from node to node is real, what could be lost
// on the way is not. For tests of rules between nodes.
import { strict as assert } from "node:assert";
import type { NodeReport, ServicePlan } from "@atoll/core/cluster";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import type { Json } from "@atoll/core/contract";
import { type Directory, helloOf, ring as joining } from "@atoll/core/ring";
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
  /** By node, who is there; a node that is started again takes the place of the one before. */
  readonly #places = new Map<string, Place>();
  /** Nodes that nobody's directory names. */
  readonly #unnamed = new Set<string>();
  readonly #lost = new Map<string, string>();
  readonly #plans = new Map<string, ServicePlan>();
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

  /**
   * Starts the node of the service that has this number; others find it at once, or, with `named` false, never. `report`: it may be one
   * of several, by the service's plan.
   */
  async up(service: string, named = true, number = 1, report?: (report: NodeReport) => void): Promise<Booted> {
    this.#started += 1;
    const identity = { node: `${service}-${number}`, service, incarnation: String(this.#started).padStart(32, "0") };
    const place = { identity, secret: `secret of ${identity.incarnation}` };
    const joined = joining({
      transport: this.#network.transport({ system: this.#system.name, self: identity, hello: helloOf(this.#system, service) }),
      directory: this.#directoryOf(identity),
      at: identity.incarnation,
      secret: place.secret,
      ...(report ? { report } : {}),
    });
    const platform = {
      runtime: this.#process,
      journals: this.#journals,
      config: { INSTANCE: identity.node },
      tables: this.#tables.store(this.#process),
      ring: joined,
    };
    const booted = await this.inside(() => boot(this.#system, platform));
    if (named) this.#change(() => this.#places.set(identity.node, place));
    return booted;
  }

  /** A bare link to the node of service `to`, from one of service `from` that runs nothing. */
  connect(from: string, to: string, handle: HandleLink, limits: Partial<LinkLimits> = {}): Promise<Link> {
    const self = { node: `${from}-bare`, service: from, incarnation: "f".repeat(32) };
    const [address] = this.#directoryOf(self).nodes(to);
    assert(address, `nobody runs "${to}"`);
    return this.inside(() => this.#network.transport({ system: this.#system.name, self, limits }).connect(address, handle));
  }

  /** A node of the service that runs nothing: the test hears what comes over its links, and says what goes back. Its incarnation. */
  async stand(service: string, number: number, accept: HandleLink, hello: Json = null): Promise<string> {
    this.#started += 1;
    const identity = { node: `${service}-${number}`, service, incarnation: String(this.#started).padStart(32, "0") };
    const { node, incarnation } = identity;
    const secret = `secret of ${incarnation}`;
    await this.inside(() =>
      this.#network.transport({ system: this.#system.name, self: identity, hello }).listen(incarnation, secret, accept),
    );
    this.#change(() => this.#places.set(node, { identity, secret }));
    return incarnation;
  }

  /** Of a node that is named. */
  incarnationOf(node: string): string {
    const place = this.#places.get(node);
    assert(place, `there is no node "${node}"`);
    return place.identity.incarnation;
  }

  /** Everybody hears it. */
  plan(service: string, plan: ServicePlan): void {
    this.#change(() => this.#plans.set(service, plan));
  }

  /** Nobody finds the service any more. */
  forget(service: string): void {
    this.#change(() => {
      for (const [node, { identity }] of this.#places) if (identity.service === service) this.#places.delete(node);
    });
  }

  /** Nobody finds the node, until it is named again; its links stay. */
  unname(node: string): void {
    this.#change(() => this.#unnamed.add(node));
  }

  name(node: string): void {
    this.#change(() => this.#unnamed.delete(node));
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
      nodes: (service) =>
        [...this.#places.values()]
          .filter(({ identity: { service: of, node } }) => of === service && !this.#unnamed.has(node))
          .map(({ identity, secret }): Address => {
            return { identity, at: identity.incarnation, ticket: ticketFor(secret, this.#system.name, self) };
          }),
      lost: (service) => this.#lost.get(service),
      plan: (service) => this.#plans.get(service),
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
