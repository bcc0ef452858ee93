// A command to handlers in another process, through everything that lies between: the caller's validation, router, remote service,
// link, served link, router, handlers, validation, and back. Beside it a link alone (link.ts) and a bare socket with the same payload.
// `--peers`: the same through Moleculer's TCP transporter.
import type { Room } from "./benchmark.ts";
import { askTimes } from "./callers.ts";
import { serving } from "./child.ts";
import { Adder } from "./counter.ts";
import { CpuOfBoth, pin } from "./cpu-of-both.ts";
import { asking, overBareSocket, overLink } from "./exchange.ts";
import type { LinkServerParameters, LinkServerValue } from "./link-setting.ts";
import { beside, interleave, Latencies, type Row } from "./measure.ts";
import { openPeers, type PeerSide } from "./peers/beside-ours.ts";
import type { ServedNodeParameters, ServedNodeValue } from "./served-node.ts";
import { startAsking } from "./two-nodes.ts";

const inFlight = 100;

export async function measureRemoteAsks(room: Room): Promise<readonly Row[]> {
  const { quick, rounds, directory } = room;
  await using peers = await openPeers("remote-ask", room);
  const peers100 = peers.load(inFlight, quick ? 300 : 1_500);
  await using node = await serving("served-node.ts", { directory } satisfies ServedNodeParameters);
  await using sockets = await serving("link-server.ts", { directory } satisfies LinkServerParameters);
  const { pid } = node.value as ServedNodeValue;
  const { address, bare: barePath, pid: socketsPid } = sockets.value as LinkServerValue;
  const bare = await overBareSocket(barePath);
  const { exchange: overLinkAlone, link } = await overLink(address);
  await using running = (await startAsking(directory)).running;
  const ask = (): Promise<unknown> => running.at(Adder).add({ by: 1 });

  const count = quick ? 40_000 : 200_000;
  const cpu = new CpuOfBoth(node);
  const bareMany = asking(sockets, bare, count, inFlight);
  const linkMany = asking(sockets, overLinkAlone, count, inFlight);
  const many = await interleave<"ours" | "link" | "bare" | PeerSide>(rounds, {
    async ours(round) {
      let perSecond = 0;
      await cpu.ofRound(round, async () => {
        perSecond = await askTimes(count / inFlight, inFlight, ask);
        return count;
      });
      return perSecond;
    },
    link: linkMany.run,
    bare: bareMany.run,
    ...peers100.sides,
  });
  const pinned = pin([pid, socketsPid, process.pid]);
  const single = quick ? 2_000 : 10_000;
  const bareAlone = asking(sockets, bare, single, 1);
  const linkAlone = asking(sockets, overLinkAlone, single, 1);
  const alone = await interleave(rounds, {
    async ours() {
      const times = new Latencies();
      for (let i = 0; i < single; i++) {
        const askedMs = performance.now();
        await ask();
        times.record(performance.now() - askedMs);
      }
      return times.details().p50_ms;
    },
    link: linkAlone.p50Ms,
    bare: bareAlone.p50Ms,
  });
  link.close();
  return [
    {
      name: "ask of handlers in another process, 100 in flight",
      unit: "/s",
      ours: many.ours,
      bare: [...beside({ "link alone": many.link, "bare socket": many.bare }), ...peers100.beside(many)],
      aim: { kind: "at-least", value: 120_000 },
      absent: peers.absent,
    },
    {
      name: "CPU of it, both processes",
      unit: "us",
      ours: cpu.sample,
      bare: beside({ "link alone": linkMany.cpu.sample, "bare socket": bareMany.cpu.sample }),
      aim: { kind: "at-most", value: 12 },
    },
    {
      name: `ask alone, p50${pinned ? ", on one core" : ""}`,
      unit: "ms",
      ours: alone.ours,
      bare: beside({ "bare socket": alone.bare, "link alone": alone.link }),
      aim: { kind: "ratio-at-most", value: 1.3, to: "bare socket" },
    },
  ];
}
