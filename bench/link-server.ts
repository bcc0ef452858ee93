// The other process of link.ts: answers every message that has an id, counts the others, over a link or over a bare socket.
import { once } from "node:events";
import { join } from "node:path";
import { createServer } from "node:net";
import { nodeRuntime } from "@atoll/core/runtime/node";
import type { Address } from "@atoll/core/transport";
import { SocketTransport } from "@atoll/core/transport/socket";
import { bareFrames } from "./bare-frames.ts";
import { serve } from "./child.ts";
import { type LinkServerParameters, type LinkServerValue, nodeOf, secret, systemName } from "./link-setting.ts";
import { troubleLogger } from "./trouble-logger.ts";

/** What is asked, and what is answered. */
const answerTo = (message: unknown): { readonly id: number; readonly total: number } | undefined => {
  const { id, by } = message as { readonly id?: number; readonly by: number };
  return id === undefined ? undefined : { id, total: by + 1 };
};

/** The last of a stream says so, and is confirmed. */
const confirmationOf = (message: unknown): { readonly end: true } | undefined =>
  (message as { readonly end?: true }).end ? { end: true } : undefined;

await serve(async ({ directory }: LinkServerParameters) => {
  const runtime = nodeRuntime({ mode: "production", logger: troubleLogger });
  const hold = runtime.hold();
  const self = nodeOf("server");
  const at = join(directory, "links", "server.sock");
  const listener = await new SocketTransport(runtime, { system: systemName, self }).listen(at, secret, (link) => ({
    message(message) {
      const answer = answerTo(message) ?? confirmationOf(message);
      if (answer) link.send(JSON.stringify(answer));
    },
    room: () => {},
    closed: () => {},
  }));
  const bare = join(directory, "links", "bare.sock");
  const server = createServer((socket) => {
    const send = bareFrames(socket, (message) => {
      const answer = answerTo(message) ?? confirmationOf(message);
      if (answer) send(answer);
    });
  });
  server.listen(bare);
  await once(server, "listening");
  const address: Omit<Address, "ticket"> = { identity: self, at };
  return {
    value: { address, bare, pid: process.pid } satisfies LinkServerValue,
    async close() {
      await listener.close();
      hold[Symbol.dispose]();
    },
  };
});
