// Nodes of one service with one log, each a virtual process of its own, on machines that share a disk; for tests, which say who hosts.
import { SimulatedDisk, SimulatedJournalStore } from "../../journal/simulated/index.ts";
import { type VirtualProcess, VirtualWorld, type VirtualWorldOptions } from "../../runtime/virtual/index.ts";
import { type Address, type NodeIdentity, ticketFor, type Transport } from "../../transport/index.ts";
import { type NetworkFaults, SimulatedNetwork } from "../../transport/simulated/index.ts";
import type { LogHostLimits } from "./limits.ts";
import { SharedJournalStore } from "./shared-journal-store.ts";

const system = "shared";
export const service = "ledger";

export interface Node {
  readonly name: string;
  readonly identity: NodeIdentity;
  readonly process: VirtualProcess;
  readonly transport: Transport;
  readonly disk: SimulatedJournalStore;
  readonly store: SharedJournalStore;
  /** Others may make links to it. */
  readonly listening: Promise<unknown>;
}

export class NodesUnderTest {
  readonly world: VirtualWorld;
  readonly network: SimulatedNetwork;
  readonly disk: SimulatedDisk;
  readonly lives = new Map<string, Node>();
  readonly #limits: Partial<LogHostLimits>;
  readonly #watchers: (readonly [VirtualProcess, () => void])[] = [];
  #host: Node | undefined;
  #started = 0;

  constructor(options: VirtualWorldOptions, faults: Partial<NetworkFaults> = {}, limits: Partial<LogHostLimits> = {}) {
    this.world = new VirtualWorld(options);
    this.network = new SimulatedNetwork(this.world, faults);
    this.disk = new SimulatedDisk(this.world.outside);
    this.#limits = limits;
  }

  get host(): Node | undefined {
    return this.#host;
  }

  /** Starts a process of the node. */
  up(name: string, of = service): Node {
    this.#started += 1;
    const identity = { node: name, service: of, incarnation: String(this.#started).padStart(32, "0") };
    const process = this.world.process(name);
    const transport = this.network.transport(process, { system, self: identity });
    const disk = new SimulatedJournalStore(this.disk, process, { process: process.label });
    const hosting = {
      host: () => {
        if (!this.#host) return undefined;
        return this.#host.identity === identity ? "here" : this.addressOf(this.#host, identity);
      },
      watch: (changed: () => void) => void this.#watchers.push([process, changed]),
    } as const;
    const store = new SharedJournalStore({ local: disk, transport, runtime: process, service, hosting, limits: this.#limits });
    const listening = this.inside(process, () => transport.listen(identity.incarnation, secretOf(identity), (link) => store.accept(link)));
    listening.catch(() => undefined); // it died before
    const node: Node = { name, identity, process, transport, disk, store, listening };
    this.lives.set(name, node);
    return node;
  }

  addressOf({ identity }: Node, caller: NodeIdentity): Address {
    return { identity, at: identity.incarnation, ticket: ticketFor(secretOf(identity), system, caller) };
  }

  /** The node is to have the log open; undefined: nobody. */
  name(host: Node | undefined): void {
    this.#host = host;
    for (const [process, watcher] of this.#watchers) this.inside(process, watcher).catch(() => undefined); // it is dead
  }

  crash(node: Node, what: "process" | "machine" = "process"): void {
    if (node.process.state === "paused") node.process.resume();
    this.network.crash(node.name, what);
    node.disk.crash();
    this.lives.delete(node.name);
    if (this.#host === node) this.name(undefined);
  }

  inside<T>(process: VirtualProcess, act: () => T | Promise<T>): Promise<T> {
    return process.enter(this.world.outside, act);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }
}

const secretOf = ({ incarnation }: NodeIdentity): string => `secret of ${incarnation}`;
