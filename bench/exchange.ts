// One side of a comparison between two processes: how it sends, and where it hears what comes; over a link, and over a bare
// node:net socket that frames and parses the same payload and does nothing else: the limit of what JavaScript can do with one
// socket on this machine.
import { once } from "node:events";
import { connect } from "node:net";
import { nodeRuntime } from "@atoll/core/runtime/node";
import { type Link, ticketFor } from "@atoll/core/transport";
import { SocketTransport } from "@atoll/core/transport/socket";
import { bareFrames, type BareSend } from "./bare-frames.ts";
import type { Served } from "./child.ts";
import { CpuOfBoth } from "./cpu-of-both.ts";
import { type LinkServerValue, nodeOf, secret, systemName } from "./link-setting.ts";
import { Latencies, type Side } from "./measure.ts";
import { troubleLogger } from "./trouble-logger.ts";

/** One side: how it sends (false: not now), and where it is told what comes and that there is room. */
export interface Exchange {
  send(message: Message): boolean;
  onMessage: (message: Answer) => void;
  onRoom: () => void;
  onLoss: (error: Error) => void;
}
class LinkLost extends Error {
  override readonly name = "LinkLost";
}
const unconnected = (): Exchange => ({ send: () => false, onMessage: () => {}, onRoom: () => {}, onLoss: () => {} });

export type Message =
  | { readonly id: number; readonly by: number }
  | { readonly n: number; readonly filler: string }
  | { readonly end: true };
export type Answer = { readonly id: number; readonly total: number } | { readonly end: true };

export async function overLink(address: LinkServerValue["address"]): Promise<{ readonly exchange: Exchange; readonly link: Link }> {
  const runtime = nodeRuntime({ mode: "production", logger: troubleLogger });
  const self = nodeOf("client");
  const transport = new SocketTransport(runtime, { system: systemName, self });
  const hold = runtime.hold();
  const exchange = unconnected();
  const link = await transport.connect({ ...address, ticket: ticketFor(secret, systemName, self) }, () => ({
    message: (message) => exchange.onMessage(message as Answer),
    room: () => exchange.onRoom(),
    closed: ({ kind, why }) => {
      hold[Symbol.dispose]();
      if (kind !== "closed") exchange.onLoss(new LinkLost(`${kind}: ${why}`));
    },
  }));
  exchange.send = (message) => link.send(JSON.stringify(message));
  return { exchange, link };
}

export async function overBareSocket(path: string): Promise<Exchange> {
  const socket = connect(path);
  await once(socket, "connect");
  socket.unref();
  const exchange = unconnected();
  const send: BareSend = bareFrames(socket, (message) => exchange.onMessage(message as Answer));
  socket.on("drain", () => exchange.onRoom());
  exchange.send = (message) => {
    if (socket.writableNeedDrain) return false;
    send(message);
    return true;
  };
  return exchange;
}

export interface Measured {
  readonly run: Side;
  readonly p50Ms: Side;
  readonly cpu: CpuOfBoth;
}

export function asking(server: Served, exchange: Exchange, count: number, width: number): Measured {
  const cpu = new CpuOfBoth(server);
  const requests = async (latencies?: Latencies): Promise<number> => {
    const startMs = performance.now();
    await new Promise<void>((resolve, reject) => {
      exchange.onLoss = reject;
      let [asked, answered, askedMs] = [0, 0, startMs];
      const ask = (): void => {
        exchange.send({ id: asked++, by: 1 });
      };
      exchange.onMessage = () => {
        answered += 1;
        if (latencies) {
          const nowMs = performance.now();
          latencies.record(nowMs - askedMs);
          askedMs = nowMs;
        }
        if (asked < count) ask();
        else if (answered === count) resolve();
      };
      for (let i = 0; i < width; i++) ask();
    });
    return (count / (performance.now() - startMs)) * 1_000;
  };
  const measured = async (round: number, latencies?: Latencies): Promise<number> => {
    let perSecond = 0;
    await cpu.ofRound(round, async () => {
      perSecond = await requests(latencies);
      return count;
    });
    return perSecond;
  };
  return {
    cpu,
    run: (round) => measured(round),
    async p50Ms(round) {
      const latencies = new Latencies();
      await measured(round, latencies);
      return latencies.details().p50_ms;
    },
  };
}
