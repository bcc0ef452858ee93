// The process that is asked: a node with a handler, an entity and a topic (two-nodes.ts), which on request does from within what
// the other one does over a link, fills itself, and says what it uses.
import { Metrics } from "@atoll/core/runtime";
import { askDuring, numbersBelow } from "./callers.ts";
import { serve } from "./child.ts";
import { Counter } from "./counter.ts";
import { Latencies } from "./measure.ts";
import { firstElement, Source, startServed } from "./two-nodes.ts";

export interface ServedNodeParameters {
  readonly directory: string;
}

export interface ServedNodeValue {
  readonly pid: number;
}

export type ServedNodeRequest =
  /** Durable commands to any of so many keys, from within. Answers with commands a second. */
  | { readonly kind: "add"; readonly ms: number; readonly callers: number; readonly keys: number }
  /** Queries to any of so many keys, from within. Answers with `Details`. */
  | { readonly kind: "look"; readonly ms: number; readonly callers: number; readonly keys: number }
  /** Brings so many entities into memory. */
  | { readonly kind: "fill"; readonly keys: number }
  /** Answers with `MemoryOfNode`, after a collection. */
  | { readonly kind: "memory" }
  /** Publishes so many messages. */
  | { readonly kind: "publish"; readonly messages: number };

export interface MemoryOfNode {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

const writers = 1_000;

await serve(async ({ directory }: ServedNodeParameters) => {
  const running = await startServed(directory, new Metrics());
  const { at } = running;
  const each = async (count: number, act: (i: number) => Promise<unknown>): Promise<void> => {
    let next = 0;
    const writer = async (): Promise<void> => {
      for (let i = next++; i < count; i = next++) await act(i);
    };
    await Promise.all(Array.from({ length: writers }, writer));
  };
  return {
    value: { pid: process.pid } satisfies ServedNodeValue,
    close: () => running.stop(),
    async answer(request: ServedNodeRequest) {
      switch (request.kind) {
        case "add": {
          const any = numbersBelow(request.keys, 1);
          return askDuring(request.ms, request.callers, () => at(Counter, `k${any()}`).add({ by: 1 }));
        }
        case "look": {
          const any = numbersBelow(request.keys, 1);
          const times = new Latencies();
          await askDuring(request.ms, request.callers, () => at(Counter, `k${any()}`).after({ by: 1 }), times);
          return times.details();
        }
        case "fill":
          return each(request.keys, (i) => at(Counter, `k${i}`).add({ by: 1 }));
        case "publish":
          return each(request.messages, (i) => at(Source, `k${i % writers}`).say({ n: firstElement + i }));
        case "memory": {
          for (let i = 0; i < 3; i++) globalThis.gc?.();
          const { heapUsed, rss } = process.memoryUsage();
          return { heapBytes: heapUsed, rssBytes: rss } satisfies MemoryOfNode;
        }
      }
    },
  };
});
