// Several listeners on one port (Linux): who is let in, and how one goes while the others go on.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { RawClient, requestText } from "../test/raw-client.ts";
import { jsonAnswer } from "./answer.ts";
import { HttpListener } from "./listener.ts";
import { defaultLimits } from "./limits.ts";
import { send, type Serve } from "./socket-answer.ts";

const who = requestText("GET /");
const never = new Promise<void>(() => undefined);

const open = (port: number, first: boolean, serve: Serve): Promise<HttpListener> =>
  HttpListener.open({ port, sharing: { first, goesOn: () => true }, limits: defaultLimits, longestMs: 1_000, serve });
const portOf = ({ url }: HttpListener): number => Number(new URL(url).port);
const saying =
  (name: string): Serve =>
  (_, outgoing) => {
    send(outgoing, jsonAnswer(200, name));
    return Promise.resolve();
  };

suite("a shared port", { skip: process.platform === "linux" ? false : "only Linux shares ports evenly" }, () => {
  test("sharing: the first listener is refused a port that a stranger would share with it", async () => {
    const stranger = createServer().listen({ port: 0, host: "127.0.0.1", reusePort: true });
    await once(stranger, "listening");
    const { port } = stranger.address() as AddressInfo;
    await assert.rejects(open(port, true, saying("a")), { code: "PORT_TAKEN" });
    stranger.close();
    await once(stranger, "close");
    await (await open(port, true, saying("a"))).close(never);
  });

  test("sharing: one that goes answers what comes over its connections, says that it is the last answer, and takes no new ones", async () => {
    const a = await open(0, true, saying("a"));
    const b = await open(portOf(a), false, saying("b"));
    const clients = await Promise.all(Array.from({ length: 32 }, () => RawClient.open(portOf(a))));
    const asked = (of: readonly RawClient[]): Promise<readonly (readonly [name: unknown, connection: string | undefined])[]> =>
      Promise.all(
        of.map(async (client) => {
          const answer = await client.send(who).answer();
          return [answer?.json, answer?.headers["connection"]] as const;
        }),
      );
    const first = await asked(clients);
    let atA = clients.filter((_, i) => first[i]?.[0] === "a");
    assert(atA.length > 0 && atA.length < 32, "the kernel deals them out");
    const retired = a.retire(never);
    while (atA.length > 0) {
      const answers = await asked(atA);
      assert(answers.every(([name]) => name === "a"));
      const last = atA.filter((_, i) => answers[i]?.[1] === "close");
      for (const client of last) assert.equal(await client.closed(), "");
      atA = atA.filter((client) => !last.includes(client));
    }
    await retired; // since nobody is connected any more
    for (let i = 0; i < 32; i++) {
      using client = await RawClient.open(portOf(b));
      assert.equal((await client.send(who).answer())?.json, "b");
    }
    for (const client of clients) client[Symbol.dispose]();
    await Promise.all([a.close(never), b.close(never)]);
  });

  test("sharing: what is being answered when one goes is the last answer of its connection as well", async () => {
    const { promise: asked, resolve: arrived } = Promise.withResolvers<void>();
    const { promise: going, resolve: answerNow } = Promise.withResolvers<void>();
    const listener = await open(0, true, async (_, outgoing) => {
      arrived();
      await going;
      send(outgoing, jsonAnswer(200, "late"));
    });
    using client = await RawClient.open(portOf(listener));
    client.send(who);
    await asked;
    const retired = listener.retire(never);
    const isOpen = (): Promise<boolean> =>
      RawClient.open(portOf(listener)).then(
        (another) => {
          another[Symbol.dispose]();
          return true;
        },
        () => false,
      );
    while (await isOpen()) await new Promise((resolve) => setImmediate(resolve));
    answerNow();
    assert.equal((await client.answer())?.headers["connection"], "close");
    await client.closed();
    await retired;
    await listener.close(never);
  });
});
