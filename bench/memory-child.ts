// The child of memory.ts: fills itself with entities, and says by how much it has grown for each.
import assert from "node:assert/strict";
import { Metrics } from "@atoll/core/runtime";
import { answer } from "./child.ts";
import { Counter, indexed, startCounter } from "./counter.ts";

export interface MemoryParameters {
  readonly entities: number;
  /** To each entity. */
  readonly commands: number;
  /** Entities that may be in memory at the end. */
  readonly resident: number;
  /** Folder of the logs; "" for a map without a log. */
  readonly data: string;
}

/** Per entity. */
export interface MemoryUsed {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

const writers = 500;

await answer((parameters: MemoryParameters) => (parameters.data === "" ? fillMap(parameters) : fillSystem(parameters)));

async function fillSystem({ entities, commands, resident, data }: MemoryParameters): Promise<MemoryUsed> {
  const metrics = new Metrics();
  await using running = await startCounter({ data, metrics, entities: { residentsMax: resident } });
  await running.at(Counter, "first").add({ by: 1 });
  const before = settledMemory();
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < entities * commands) await running.at(Counter, `k${next++ % entities}`).add({ by: 1 });
  };
  await Promise.all(Array.from({ length: Math.min(writers, resident) }, writer));
  await indexed(metrics);
  return growth(before, entities);
}

function fillMap({ entities }: MemoryParameters): Promise<MemoryUsed> {
  const before = settledMemory();
  const map = new Map<string, { readonly total: number }>();
  for (let i = 0; i < entities; i++) map.set(`k${i}`, { total: i });
  const used = growth(before, entities);
  assert.equal(map.size, entities); // and it was alive until here
  return Promise.resolve(used);
}

function settledMemory(): NodeJS.MemoryUsage {
  assert(globalThis.gc, "run with --expose-gc");
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage();
}

function growth(before: NodeJS.MemoryUsage, entities: number): MemoryUsed {
  const after = settledMemory();
  return { heapBytes: (after.heapUsed - before.heapUsed) / entities, rssBytes: (after.rss - before.rss) / entities };
}
