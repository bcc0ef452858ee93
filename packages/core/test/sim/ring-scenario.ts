// What the scenarios of several nodes have in common: clients that ask while something happens, and an end in which everything heals.
import type { Asked } from "./ledger-world.ts";
import { checkLaws } from "./laws.ts";
import type { RingWorld } from "./ring-world.ts";

/** From 3 to 7. */
export const nodesIn = (seed: number): number => 3 + (seed % 5);

export const keys = ["a", "b", "c", "d", "e"] as const;
const operations: readonly Asked["operation"][] = ["put", "put", "put", "clear", "touch", "count", "count"];

export const pick = <T>({ world }: RingWorld, of: readonly T[]): T => of[Math.floor(world.random.next() * of.length)] as T;

/** Clients that ask one thing after another, each with an id of its own and no retry. */
async function load(ring: RingWorld, clients: number, each: number): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let i = 0; i < each; i++) {
        const operation = pick(ring, operations);
        await ring.ask(operation, pick(ring, keys), operation === "count" ? "" : ring.freshId());
        await ring.pause(ring.world.random.next() * 300);
      }
    }),
  );
}

/** Everything heals, and then every account must answer: the liveness phase. */
async function heal(ring: RingWorld): Promise<void> {
  const { disk } = ring;
  ring.heal();
  disk.faults = { ...disk.faults, slow: 0, failed: 0, full: 0, ambiguous: 0, late: 0, hang: 0 };
  for (const key of keys) {
    const answered = await ring.insist("touch", key, ring.freshId());
    if (answered.kind !== "reply")
      throw new Error(`after healing, ${key} answers ${answered.kind === "failure" ? answered.failure.message : answered.kind}`);
    await ring.ask("count", key);
  }
  ring.world.note("healed");
}

/** `nodes` of the service come up, the scenario happens to them, and in the end everything heals and the laws hold. */
export async function run(ring: RingWorld, nodes: number, scenario: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  const { world } = ring;
  await world.runUntil(
    (async () => {
      await ring.start(nodes);
      await scenario();
      await heal(ring);
      await ring.stop();
    })(),
  );
  checkLaws(ring);
  return world.trace.marks;
}

/** Something happens every now and then while clients ask. */
export async function under(ring: RingWorld, times: number, everyMs: number, happen: () => void): Promise<void> {
  const loading = load(ring, 5, 12);
  for (let i = 0; i < times; i++) {
    await ring.pause(ring.world.random.next() * everyMs);
    happen();
  }
  await loading;
}
