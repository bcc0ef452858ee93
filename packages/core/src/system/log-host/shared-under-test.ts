// A log with a host and others, all in one virtual process and joined by links in memory, for the journal's conformance suite.
import { type FaultRates, noFaults } from "../../journal/faults/fault-plan.ts";
import { SimulatedDisk, SimulatedJournalStore } from "../../journal/simulated/index.ts";
import type { Journal, JournalStore } from "../../journal/index.ts";
import type { JournalUnderTest } from "../../journal/tck/journal-tck.ts";
import { SelfDrivingWorld } from "../../journal/tck/self-driving-world.ts";
import type { Runtime } from "../../runtime/index.ts";
import { type Address, type NodeIdentity, ticketFor, type Transport } from "../../transport/index.ts";
import { MemoryNetwork } from "../../transport/memory/index.ts";
import { type LogHostLimits, logHostLimits } from "./limits.ts";
import { RemoteJournal } from "./remote-journal.ts";
import { SharedJournalStore } from "./shared-journal-store.ts";

/** How what is tested has its log: as its host, or elsewhere, with or without what looks for the next host. */
export type Through = "host" | "link" | "elsewhere";

const system = "under-test";

/** The living process: its network, and the host of each service that was opened. */
class Life {
  readonly local: JournalStore;
  readonly #runtime: Runtime;
  readonly #network: MemoryNetwork;
  readonly #limits: LogHostLimits;
  readonly #hosts = new Map<string, Promise<{ readonly journal: Journal; readonly secret: string; readonly identity: NodeIdentity }>>();
  #nodes = 0;

  constructor(runtime: Runtime, local: JournalStore, limits: LogHostLimits) {
    this.local = local;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#network = new MemoryNetwork(runtime);
  }

  async open(service: string, partitions: number, through: Through): Promise<Journal> {
    if (through === "host") return (await this.#host(service, partitions)).journal;
    let hosting = this.#hosts.get(service);
    if (!hosting) this.#hosts.set(service, (hosting = this.#host(service, partitions)));
    const host = await hosting;
    const [identity, transport] = this.#node(service);
    const address: Address = {
      identity: host.identity,
      at: `${service}@${host.identity.incarnation}`,
      ticket: ticketFor(host.secret, system, identity),
    };
    if (through === "link") {
      const { signal } = new AbortController();
      return RemoteJournal.open({ transport, address, runtime: this.#runtime, limits: this.#limits, signal, lost: () => {} });
    }
    const [runtime, limits] = [this.#runtime, this.#limits];
    const store = new SharedJournalStore({
      local: this.local,
      transport,
      runtime,
      service,
      limits,
      hosting: { host: () => address, watch: () => {} },
    });
    return store.open(service, partitions);
  }

  async #host(
    service: string,
    partitions: number,
  ): Promise<{ readonly journal: Journal; readonly secret: string; readonly identity: NodeIdentity }> {
    const [identity, transport] = this.#node(service);
    const secret = `secret of ${identity.incarnation}`;
    const [runtime, local, limits] = [this.#runtime, this.local, this.#limits];
    const store = new SharedJournalStore({
      local,
      transport,
      runtime,
      service,
      limits,
      hosting: { host: () => "here", watch: () => {} },
    });
    const journal = await store.open(service, partitions);
    const listener = await transport.listen(`${service}@${identity.incarnation}`, secret, (link) => store.accept(link));
    void listener;
    return { journal, secret, identity };
  }

  #node(service: string): readonly [NodeIdentity, Transport] {
    this.#nodes += 1;
    const identity = { node: `${service}-${this.#nodes}`, service, incarnation: String(this.#nodes).padStart(32, "0") };
    return [identity, this.#network.transport({ system, self: identity })];
  }
}

export const sharedUnderTest =
  (through: Through, limits: Partial<LogHostLimits> = {}, faults: FaultRates = noFaults) =>
  // eslint-disable-next-line typescript/require-await -- the suite's form
  async (seed: number): Promise<JournalUnderTest> => {
    const driven = new SelfDrivingWorld(seed);
    const { world } = driven;
    const disk = new SimulatedDisk(driven.ports(world.outside));
    disk.faults = faults;
    let process = world.process("node");
    let local: SimulatedJournalStore;
    const begin = (): Life => {
      const runtime = driven.ports(process);
      local = new SimulatedJournalStore(disk, runtime, { process: process.label });
      return new Life(runtime, local, { ...logHostLimits, ...limits });
    };
    let life = begin();
    return {
      store: () => ({
        open: (service, partitions) => life.open(service, partitions, through),
        exists: (service) => life.local.exists(service),
      }),
      timers: () => driven.ports(process).timers,
      crash() {
        process.crash();
        local.crash();
        process = world.process("node");
        life = begin();
        return Promise.resolve();
      },
      damage(service, partition, offset) {
        disk.damage(service, partition, offset);
        return Promise.resolve();
      },
      cleanup: () => driven.rest(),
    };
  };
