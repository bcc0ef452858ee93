// The simulated journal for the conformance suite, whose tests just await.
import { SimulatedDisk } from "../simulated/simulated-disk.ts";
import { SimulatedJournalStore } from "../simulated/simulated-journal.ts";
import type { JournalUnderTest } from "./journal-tck.ts";
import { SelfDrivingWorld } from "./self-driving-world.ts";

export async function simulatedUnderTest(seed: number): Promise<JournalUnderTest & { readonly disk: SimulatedDisk }> {
  const driven = new SelfDrivingWorld(seed);
  const { world } = driven;
  const outside = driven.ports(world.outside);
  const disk = new SimulatedDisk(outside);
  let process = world.process("owner");
  const newStore = (): SimulatedJournalStore => new SimulatedJournalStore(disk, driven.ports(process), { process: process.label });
  let store = newStore();
  return {
    disk,
    store: () => store,
    timers: () => driven.ports(process).timers,
    async crash() {
      process.crash();
      store.crash();
      process = world.process("owner");
      store = newStore();
    },
    async damage(service, partition, offset) {
      disk.damage(service, partition, offset);
    },
    cleanup: () => driven.rest(),
  };
}
