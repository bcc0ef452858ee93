// Messages between two processes over a link (transport/socket), beside a bare node:net socket that frames and parses the
// same payload and does nothing else: the limit of what JavaScript can do with one socket on this machine. The limit of
// both is the system call: a write and a read for each side and turn, some 5 µs alone, shared by all messages of a turn.
//
// Request and reply: 100 at a time, and one alone with both processes on one core, where otherwise the waking of a sleeping
// core decides. Stream: messages of 100 bytes one way, as many as the credit allows. `cpu_us` is that of both processes
// together, per request or message.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { nodeRuntime } from "@atoll/core/runtime/node";
import { type Link, ticketFor } from "@atoll/core/transport";
import { SocketTransport } from "@atoll/core/transport/socket";
import type { Room } from "./benchmark.ts";
import { bareFrames, type BareSend } from "./bare-frames.ts";
import { type Served, serving } from "./child.ts";
import { type LinkServerParameters, type LinkServerValue, nodeOf, secret, systemName } from "./link-setting.ts";
import { beside, interleave, Latencies, type Row, type Side } from "./measure.ts";
import { troubleLogger } from "./trouble-logger.ts";

const inFlight = 100;
const filler = "x".repeat(75);

/** One side: how it sends (false: not now), and where it is told what comes and that there is room. */
interface Exchange {
  send(message: Message): boolean;
  onMessage: (message: Answer) => void;
  onRoom: () => void;
  onLoss: (error: Error) => void;
}
class LinkLost extends Error {
  override readonly name = "LinkLost";
}
const unconnected = (): Exchange => ({ send: () => false, onMessage: () => {}, onRoom: () => {}, onLoss: () => {} });

type Message = { readonly id: number; readonly by: number } | { readonly n: number; readonly filler: string } | { readonly end: true };
type Answer = { readonly id: number; readonly total: number } | { readonly end: true };

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
      details: { cpu_us: many.ours.cpuUs(), bare_cpu_us: many.bare.cpuUs() },
    },
    {
      name: `request/reply alone, p50${pinned ? ", on one core" : ""}`,
      unit: "ms",
      ours: p50.ours,
      bare: beside({ "bare socket": p50.bare }),
      details: { cpu_us: alone.ours.cpuUs(), bare_cpu_us: alone.bare.cpuUs() },
    },
    {
      name: "one way, 100 bytes",
      unit: "/s",
      ours: streamed.ours,
      bare: beside({ "bare socket": streamed.bare }),
      aim: { kind: "at-least", value: 300_000 },
      details: { cpu_us: flow.ours.cpuUs(), bare_cpu_us: flow.bare.cpuUs() },
    },
  ];
}

async function overLink(address: LinkServerValue["address"]): Promise<{ readonly exchange: Exchange; readonly link: Link }> {
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

async function overBareSocket(path: string): Promise<Exchange> {
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

interface Measured {
  readonly run: Side;
  readonly p50Ms: Side;
  readonly cpuUs: () => number;
}

function asking(server: Served, exchange: Exchange, count: number, width: number): Measured {
  const cpu = cpuOfBoth(server);
  const requests = async (round: number, latencies?: Latencies): Promise<number> => {
    await cpu.begin(round);
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
    const perSecond = (count / (performance.now() - startMs)) * 1_000;
    await cpu.end(count);
    return perSecond;
  };
  return {
    run: (round) => requests(round),
    async p50Ms(round) {
      const latencies = new Latencies();
      await requests(round, latencies);
      return latencies.details().p50_ms;
    },
    cpuUs: () => cpu.perOperation(),
  };
}

function streaming(server: Served, exchange: Exchange, count: number): Pick<Measured, "run" | "cpuUs"> {
  const cpu = cpuOfBoth(server);
  return {
    async run(round) {
      await cpu.begin(round);
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
      const perSecond = (count / (performance.now() - startMs)) * 1_000;
      await cpu.end(count);
      return perSecond;
    },
    cpuUs: () => cpu.perOperation(),
  };
}

interface Cpu {
  begin(round: number): Promise<void>;
  end(operations: number): Promise<void>;
  perOperation(): number;
}

function cpuOfBoth(server: Served): Cpu {
  let [usedUs, operations, beganUs] = [0, 0, 0];
  const now = async (): Promise<number> => {
    const { user, system } = process.cpuUsage();
    return user + system + (await server.cpuUs());
  };
  return {
    async begin(round) {
      if (round <= 1) usedUs = operations = 0;
      globalThis.gc?.(); // nobody pays for the garbage of the side before
      beganUs = await now();
    },
    async end(done) {
      usedUs += (await now()) - beganUs;
      operations += done;
    },
    perOperation: () => usedUs / operations,
  };
}

/** Puts all threads of these processes on one core, for as long as they live. False where that cannot be done. */
const pin = (pids: readonly number[]): boolean => pids.every((pid) => spawnSync("taskset", ["-acp", "0", String(pid)]).status === 0);
