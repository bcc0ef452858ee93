// Messages between two processes over a link (transport/socket), beside a bare node:net socket that frames and parses the
// same payload and does nothing else: the limit of what JavaScript can do with one socket on this machine. The limit of
// both is the system call: a write and a read for each side and turn, some 5 µs alone, shared by all messages of a turn.
//
// Request and reply: 100 at a time, and one alone with both processes on one core, where otherwise the waking of a sleeping
// core decides. Stream: messages of 100 bytes one way, as many as the credit allows. `cpu_us` is that of both processes
// together, per request or message.
import type { Room } from "./benchmark.ts";
import { type Served, serving } from "./child.ts";
import { CpuOfBoth, pin } from "./cpu-of-both.ts";
import { asking, type Exchange, type Measured, overBareSocket, overLink } from "./exchange.ts";
import type { LinkServerParameters, LinkServerValue } from "./link-setting.ts";
import { beside, interleave, type Row } from "./measure.ts";

const inFlight = 100;
const filler = "x".repeat(75);

export async function measureLinks({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  await using server = await serving("link-server.ts", { directory } satisfies LinkServerParameters);
  const { address, bare: barePath, pid } = server.value as LinkServerValue;
  const bare = await overBareSocket(barePath);
  const { exchange: ours, link } = await overLink(address);

  const count = quick ? 40_000 : 200_000;
  const many = { ours: asking(server, ours, count, inFlight), bare: asking(server, bare, count, inFlight) };
  const asked = await interleave(rounds, { ours: many.ours.run, bare: many.bare.run });
  const elements = quick ? 100_000 : 500_000;
  const flow = { ours: streaming(server, ours, elements), bare: streaming(server, bare, elements) };
  const streamed = await interleave(rounds, { ours: flow.ours.run, bare: flow.bare.run });
  const pinned = pin([pid, process.pid]);
  const single = quick ? 4_000 : 20_000;
  const alone = { ours: asking(server, ours, single, 1), bare: asking(server, bare, single, 1) };
  const p50 = await interleave(rounds, { ours: alone.ours.p50Ms, bare: alone.bare.p50Ms });
  link.close();
  return [
    {
      name: "request/reply, 100 in flight",
      unit: "/s",
      ours: asked.ours,
      bare: beside({ "bare socket": asked.bare }),
      aim: { kind: "at-least", value: 120_000 },
      details: { cpu_us: many.ours.cpu.perOperation, bare_cpu_us: many.bare.cpu.perOperation },
    },
    {
      name: `request/reply alone, p50${pinned ? ", on one core" : ""}`,
      unit: "ms",
      ours: p50.ours,
      bare: beside({ "bare socket": p50.bare }),
      details: { cpu_us: alone.ours.cpu.perOperation, bare_cpu_us: alone.bare.cpu.perOperation },
    },
    {
      name: "one way, 100 bytes",
      unit: "/s",
      ours: streamed.ours,
      bare: beside({ "bare socket": streamed.bare }),
      aim: { kind: "at-least", value: 300_000 },
      details: { cpu_us: flow.ours.cpu.perOperation, bare_cpu_us: flow.bare.cpu.perOperation },
    },
  ];
}

function streaming(server: Served, exchange: Exchange, count: number): Pick<Measured, "run" | "cpu"> {
  const cpu = new CpuOfBoth(server);
  let perSecond = 0;
  const stream = async (): Promise<number> => {
    const startMs = performance.now();
    await new Promise<void>((resolve, reject) => {
      exchange.onLoss = reject;
      let sent = 0;
      exchange.onRoom = (): void => {
        while (sent < count && exchange.send({ n: sent, filler })) sent += 1;
        if (sent === count && exchange.send({ end: true })) sent += 1;
      };
      exchange.onMessage = () => resolve();
      // A bare socket is full only once it was written to, at the end of a turn.
      const turn = (): void => {
        exchange.onRoom();
        if (sent < count) setImmediate(turn);
      };
      turn();
    });
    exchange.onRoom = () => {};
    perSecond = (count / (performance.now() - startMs)) * 1_000;
    return count;
  };
  return {
    cpu,
    async run(round) {
      await cpu.ofRound(round, stream);
      return perSecond;
    },
  };
}
