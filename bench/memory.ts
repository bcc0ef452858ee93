// What an entity costs: in memory, and once it has left memory again. Counted after a collection, against the same process
// before the first entity; a process per figure. Counts hardly vary, so there is one round. Beside it a map of plain objects.
import { join } from "node:path";
import type { Room } from "./benchmark.ts";
import { inChild } from "./child.ts";
import type { MemoryParameters, MemoryUsed } from "./memory-child.ts";
import { beside, type Row, sampleOf } from "./measure.ts";

export async function measureMemory({ quick, directory }: Room): Promise<readonly Row[]> {
  const entities = quick ? 10_000 : 100_000;
  const row = async (name: string, parameters: Omit<MemoryParameters, "data">): Promise<Row> => {
    const data = join(directory, name.replaceAll(/\W+/g, "-"));
    const { heapBytes, rssBytes } = await used({ ...parameters, data });
    const map = await used({ ...parameters, data: "" });
    return {
      name,
      unit: "B",
      ours: sampleOf([heapBytes]),
      bare: beside({ "Map of objects": sampleOf([map.heapBytes]) }),
      details: { rss_bytes: rssBytes },
    };
  };
  const few = entities / 5;
  return [
    await row("heap per resident entity, 1 command each", { entities, commands: 1, resident: entities }),
    await row("heap per resident entity, 10 commands each", { entities: few, commands: 10, resident: few }),
    await row("heap per passive entity", { entities, commands: 1, resident: 100 }),
  ];
}

const used = async (parameters: MemoryParameters): Promise<MemoryUsed> => (await inChild("memory-child.ts", parameters)) as MemoryUsed;
