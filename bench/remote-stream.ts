// A topic of another process's log, read from its beginning through the remote source, all partitions side by side, as a read model
// or a subscription reads it: each element is a message of 100 characters, a record of its own in the log, validated by the
// reader. Beside it the same messages over a link alone, without a log: link.ts.
import { strict as assert } from "node:assert";
import type { EventSource } from "@atoll/core/extension";
import type { Room } from "./benchmark.ts";
import { serving } from "./child.ts";
import { CpuOfBoth } from "./cpu-of-both.ts";
import { interleave, type Row } from "./measure.ts";
import type { ServedNodeParameters, ServedNodeRequest } from "./served-node.ts";
import { startAsking } from "./two-nodes.ts";

/** As a subscription asks for. */
const pageBytes = 2 ** 17;

export async function measureRemoteStream({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const messages = quick ? 20_000 : 400_000;
  await using node = await serving("served-node.ts", { directory } satisfies ServedNodeParameters);
  await node.ask({ kind: "publish", messages } satisfies ServedNodeRequest);
  const asking = await startAsking(directory);
  await using _ = asking.running;
  const source = await asking.source;
  await source.refresh?.();
  const cpu = new CpuOfBoth(node);
  const { read } = await interleave(rounds, {
    async read(round) {
      let perSecond = 0;
      await cpu.ofRound(round, async () => {
        const startMs = performance.now();
        assert.equal(await readAll(source), messages);
        perSecond = (messages / (performance.now() - startMs)) * 1_000;
        return messages;
      });
      return perSecond;
    },
  });
  return [
    {
      name: "stream elements of 100 bytes from another process's log",
      unit: "/s",
      ours: read,
      bare: [],
      aim: { kind: "at-least", value: 300_000 },
      details: { cpu_us: cpu.perOperation },
    },
  ];
}

export async function readAll(source: EventSource): Promise<number> {
  const counts = Array.from({ length: source.log.partitions }, async (_, partition) => {
    const head = source.head(partition);
    const reader = source.read(partition, 0);
    let read = 0;
    for (let next = 0; next < head;) {
      const page = await reader.next(pageBytes);
      for (const { error } of page.items) if (error) throw error;
      read += page.items.length;
      next = page.next;
    }
    reader.close();
    return read;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
