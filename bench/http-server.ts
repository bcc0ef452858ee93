// The servers that http-post.ts asks, each in a process of its own. All take {"by": 1} and answer {"total": …}.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { serve as serveHono } from "@hono/node-server";
import { gateway, route } from "@atoll/gateway";
import { Hono } from "hono";
import { serve } from "./child.ts";
import { Adder, Counter, startCounter } from "./counter.ts";

export type ServerKind = "atoll" | "node:http" | "Hono";

export interface ServerParameters {
  readonly kind: ServerKind;
  /** Folder of the logs, for those who have logs. */
  readonly data: string;
}

interface Opened {
  readonly port: number;
  readonly close: () => Promise<void>;
}

const opened: { readonly [K in ServerKind]: (parameters: ServerParameters) => Promise<Opened> } = {
  atoll: openAtoll,
  "node:http": openPlain,
  Hono: openHono,
};

async function openAtoll({ data }: ServerParameters): Promise<Opened> {
  const routes = [route("POST /adder", Adder.add), route("POST /counters/:id", Counter.add, { key: (r) => r.params.id })];
  const running = await startCounter({ data, gateway: gateway(routes) });
  return { port: Number(new URL(running.url).port), close: () => running.stop() };
}

async function openPlain(): Promise<Opened> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { by } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly by: number };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ total: by + 1 }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => Promise.resolve() };
}

function openHono(): Promise<Opened> {
  const app = new Hono();
  app.post("/adder", async (c) => {
    const { by } = await c.req.json<{ readonly by: number }>();
    return c.json({ total: by + 1 });
  });
  return new Promise((resolve) => {
    serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve({ port, close: () => Promise.resolve() }));
  });
}

await serve(async (parameters: ServerParameters) => {
  const { port, close } = await opened[parameters.kind](parameters);
  return { value: port, close };
});
