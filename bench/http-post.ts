// Requests over sockets: a command to handlers, and a command that is answered after the sync. Beside them the same request
// to bare node:http and to Hono, which read and write JSON and check nothing. Each server has its process, the client is
// this one; on two cores all of them have one to themselves, except that the durable command's journal thread shares.
import { join } from "node:path";
import type { Room } from "./benchmark.ts";
import { type Served, serving } from "./child.ts";
import { load, postRequest } from "./http-client.ts";
import type { ServerKind, ServerParameters } from "./http-server.ts";
import { beside, interleave, Latencies, type Row, type Side } from "./measure.ts";

const connections = 64;
const keys = 1_000;
const body = JSON.stringify({ by: 1 });

export async function measurePosts({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const ms = quick ? 400 : 1_500;
  const open = (kind: ServerKind): Promise<Served> =>
    serving("http-server.ts", { kind, data: join(directory, kind) } satisfies ServerParameters);
  await using atoll = await open("atoll");
  await using plain = await open("node:http");
  await using hono = await open("Hono");
  const adding = [postRequest("/adder", body)];
  const counting = Array.from({ length: keys }, (_, i) => postRequest(`/counters/k${i}`, body));
  const sides = {
    handlers: posting(atoll, adding, ms),
    plain: posting(plain, adding, ms),
    durable: posting(atoll, counting, ms),
    hono: posting(hono, adding, ms),
  };
  const samples = await interleave(rounds, {
    handlers: sides.handlers.run,
    plain: sides.plain.run,
    durable: sides.durable.run,
    hono: sides.hono.run,
  });
  const bare = beside({ "node:http": samples.plain, Hono: samples.hono });
  return [
    {
      name: "POST to a handlers command",
      unit: "/s",
      ours: samples.handlers,
      bare,
      aim: { kind: "ratio-at-least", value: 0.6, to: "node:http" },
      details: { ...sides.handlers.details(), bare_cpu_us: sides.plain.details().cpu_us },
    },
    { name: "POST to a durable command", unit: "/s", ours: samples.durable, bare, details: sides.durable.details() },
  ];
}

interface Posting {
  readonly run: Side;
  /** `cpu_us`: of the server, all threads, per request. */
  details(): { readonly p50_ms: number; readonly p99_ms: number; readonly cpu_us: number };
}

function posting(server: Served, requests: readonly Buffer[], ms: number): Posting {
  const times = new Latencies();
  let cpuUs = 0;
  let answers = 0;
  return {
    async run(round) {
      times.startRound(round);
      if (round <= 1) cpuUs = answers = 0;
      const before = await server.cpuUs();
      const startMs = performance.now();
      const perSecond = await load({ port: server.value as number, connections, ms, requests }, times);
      answers += (perSecond * (performance.now() - startMs)) / 1_000;
      cpuUs += (await server.cpuUs()) - before;
      return perSecond;
    },
    details: () => ({ ...times.details(), cpu_us: cpuUs / answers }),
  };
}
