// Entities in another process: durable commands beside the same commands given within that process, on the same log, in turns; and
// 100,000 of them in memory, any of which answers.
import type { Room } from "./benchmark.ts";
import { askDuring, numbersBelow } from "./callers.ts";
import { serving } from "./child.ts";
import { Counter } from "./counter.ts";
import { CpuOfBoth } from "./cpu-of-both.ts";
import { beside, type Details, interleave, Latencies, type Row, sampleOf, type Side } from "./measure.ts";
import type { MemoryOfNode, ServedNodeParameters, ServedNodeRequest } from "./served-node.ts";
import { startAsking } from "./two-nodes.ts";

const inFlight = 100;
/** Enough to keep both processes awake, few enough that nothing waits for anything else. */
const lookers = 10;

export async function measureRemoteEntities({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const ms = quick ? 300 : 1_500;
  const keys = quick ? 10_000 : 100_000;
  await using node = await serving("served-node.ts", { directory } satisfies ServedNodeParameters);
  const asked = (request: ServedNodeRequest): Promise<unknown> => node.ask(request);
  await using running = (await startAsking(directory)).running;
  const { at } = running;
  const before = (await asked({ kind: "memory" })) as MemoryOfNode;
  await asked({ kind: "fill", keys });
  const after = (await asked({ kind: "memory" })) as MemoryOfNode;

  const any = numbersBelow(keys, 1);
  const cpu = { there: new CpuOfBoth(node), within: new CpuOfBoth(node) };
  const counted =
    (of: CpuOfBoth, perSecond: () => Promise<number>): Side =>
    async (round) => {
      let rate = 0;
      await of.ofRound(round, async () => {
        rate = await perSecond();
        return (rate * ms) / 1_000;
      });
      return rate;
    };
  const commands = await interleave(rounds, {
    there: counted(cpu.there, () => askDuring(ms, inFlight, () => at(Counter, `k${any()}`).add({ by: 1 }))),
    within: counted(cpu.within, async () => (await asked({ kind: "add", ms, callers: inFlight, keys })) as number),
  });

  const p99: { readonly [side in "all" | "one" | "within"]: number[] } = { all: [], one: [], within: [] };
  const p50Of =
    (side: keyof typeof p99, look: () => Promise<{ readonly p50_ms: number; readonly p99_ms: number }>): Side =>
    async (round) => {
      const { p50_ms, p99_ms } = await look();
      if (round > 0) p99[side].push(p99_ms);
      return p50_ms;
    };
  const looking = (keyOf: () => string) => async () => {
    const times = new Latencies();
    await askDuring(ms, lookers, () => at(Counter, keyOf()).after({ by: 1 }), times);
    return times.details();
  };
  const looked = await interleave(rounds, {
    all: p50Of(
      "all",
      looking(() => `k${any()}`),
    ),
    one: p50Of(
      "one",
      looking(() => "k0"),
    ),
    within: p50Of("within", async () => (await asked({ kind: "look", ms, callers: 1, keys })) as ReturnType<Latencies["details"]>),
  });
  const many = `${keys.toLocaleString("en")} entities in memory`;
  const details: Details = { cpu_us: cpu.there.perOperation, within_cpu_us: cpu.within.perOperation };
  return [
    {
      name: "durable commands from another process, 100 in flight",
      unit: "/s",
      ours: commands.there,
      bare: beside({ "within the process": commands.within }),
      aim: { kind: "ratio-at-least", value: 0.8, to: "within the process" },
      details,
    },
    {
      name: `${many}, p50 of a question to any`,
      unit: "ms",
      ours: looked.all,
      bare: beside({ "always the same one": looked.one, "within, alone": looked.within }),
    },
    {
      name: `${many}, p99 of a question to any`,
      unit: "ms",
      ours: sampleOf(p99.all),
      bare: beside({ "always the same one": sampleOf(p99.one), "within, alone": sampleOf(p99.within) }),
    },
    {
      name: `${many}, heap of each`,
      unit: "B",
      ours: sampleOf([(after.heapBytes - before.heapBytes) / keys]),
      bare: [],
      details: { rss_bytes: (after.rssBytes - before.rssBytes) / keys },
    },
  ];
}
