// T7, over real sockets: whatever arrives, the connection ends with a reason, the bounds hold, and the next caller is served.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import type { Json } from "../../contract/index.ts";
import { type NodeRuntime, nodeRuntime } from "../../runtime/node/index.ts";
import { linkLimits } from "../link-limits.ts";
import { Recorder } from "../tck/recorder.ts";
import { ticketFor } from "../ticket.ts";
import type { NodeIdentity } from "../transport.ts";
import { rawHello, RawPeer } from "./raw-peer.ts";
import { SocketTransport } from "./socket-transport.ts";

const folder = mkdtempSync(join(tmpdir(), "atoll-hostile-"));
const at = join(folder, "links", "b.sock");
const self: NodeIdentity = { node: "b", service: "b", incarnation: "b".repeat(32) };
const limits = { handshakeMs: 300, silentMs: 2_000, strangersMax: 16, linksMax: 8 };
const logged: { readonly event: string; readonly fields: unknown }[] = [];
const accepted: Recorder[] = [];
let runtime: NodeRuntime;
let hold: Disposable;

before(async () => {
  runtime = nodeRuntime({ logger: { log: (_level, event, fields) => logged.push({ event, fields }) } });
  hold = runtime.hold();
  await new SocketTransport(runtime, { system: "trial", self, limits }).listen(at, "secret", (link) => {
    accepted.push(new Recorder(link));
    return accepted.at(-1) as Recorder;
  });
});
after(() => {
  hold[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** A caller that means it gets its link and its messages through. */
async function assertServed(): Promise<void> {
  const caller: NodeIdentity = { node: "a", service: "a", incarnation: runtime.random.id() };
  const transport = new SocketTransport(nodeRuntime({ logger: runtime.logger }), { system: "trial", self: caller });
  let near: Recorder | undefined;
  await transport.connect({ identity: self, at, ticket: ticketFor("secret", "trial", caller) }, (link) => (near = new Recorder(link)));
  const far = accepted.at(-1) as Recorder;
  near!.link.send(JSON.stringify("fine"));
  await far.arrived(1);
  near!.close();
  await Promise.all([near!.loss(), far.loss()]);
  assert.equal(logged.filter(({ event }) => event === "runtime.task_failed").length, 0);
}

/** With a link that is open. */
async function linked(): Promise<{ readonly peer: RawPeer; readonly far: Recorder }> {
  const peer = await RawPeer.open(at);
  peer.sendJson(rawHello(self, "secret"));
  const welcome = (await peer.frame()) as { readonly from?: unknown };
  assert.ok(welcome.from, JSON.stringify(welcome));
  return { peer, far: accepted.at(-1) as Recorder };
}

test("T7: bytes of any kind before the handshake end in a closed connection, and no handler hears of them", async () => {
  const known = accepted.length;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 8 }), async (noises) => {
      await Promise.all(
        noises.map(async (noise) => {
          const peer = await RawPeer.open(at);
          peer.send(Buffer.from(noise)).socket.end();
          await peer.turnedAway();
        }),
      );
    }),
    { numRuns: 150 },
  );
  assert.equal(accepted.length, known);
  await assertServed();
});

test("T7: a hello that is not right in any one member is refused as malformed, or for what it says", async () => {
  const members = ["atoll", "protocol", "system", "from", "to", "ticket", "allows"];
  const right = rawHello(self, "secret") as { readonly [member: string]: Json };
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...members), fc.jsonValue(), async (member, value) => {
      fc.pre(JSON.stringify(value) !== JSON.stringify(right[member]));
      const peer = await RawPeer.open(at);
      peer.sendJson({ ...right, [member]: value as Json });
      const answer = (await peer.frame()) as { readonly refused: string };
      assert.match(answer.refused, /^(?:malformed|system|ticket)$/);
      await peer.turnedAway();
    }),
    { numRuns: 150 },
  );
  await assertServed();
});

test("T7: allowances that would deadlock an honest end, or cost it without end, are refused", async () => {
  const good = { messagesInFlightMax: 100, charsInFlightMax: 10_000, messageCharsMax: 1_000, silentMs: 0 };
  for (const bad of [
    { messagesInFlightMax: 0 },
    { charsInFlightMax: 1_500 },
    { silentMs: 1 },
    { messageCharsMax: -1 },
    { charsInFlightMax: 1e300 },
  ]) {
    const peer = await RawPeer.open(at);
    peer.sendJson(rawHello(self, "secret", { allows: { ...good, ...bad } }));
    assert.equal(((await peer.frame()) as { readonly refused: string }).refused, "malformed");
  }
});

test("T7: a peer that allows more than we do does not make us buffer more than we allow", async () => {
  const peer = await RawPeer.open(at);
  const allows = { messagesInFlightMax: 2 ** 50, charsInFlightMax: 2 ** 50, messageCharsMax: 2 ** 40, silentMs: 0 };
  peer.sendJson(rawHello(self, "secret", { allows }));
  await peer.frame();
  peer.socket.pause();
  const far = accepted.at(-1) as Recorder;
  let chars = 0;
  const message = "x".repeat(100_000);
  while (far.link.send(JSON.stringify(message))) chars += message.length;
  assert.ok(chars > linkLimits.charsInFlightMax / 2 && chars <= linkLimits.charsInFlightMax, `${chars}`);
  assert.equal((await far.loss()).kind, "silent");
  peer.socket.destroy();
  await assertServed();
});

test("T7: a length beyond the bound ends the connection before anything of it arrives, before and after the handshake", async () => {
  const giant = Buffer.from([0xff, 0xff, 0xff, 0xff]);
  const stranger = await RawPeer.open(at);
  stranger.send(giant);
  await stranger.turnedAway();
  const { peer, far } = await linked();
  peer.send(giant);
  assert.equal((await far.loss()).kind, "violated");
  assert.deepEqual(await peer.frame(), ["bye", "a frame of 4294967295 bytes was announced, 3145920 are allowed"]);
  await assertServed();
});

test("T7: frames of any kind after the handshake end the link, or are what an honest end could send; nothing is handed over twice", async () => {
  const count = fc.oneof(fc.nat(3), fc.constantFrom(-1, 1.5, 2 ** 53, 1e308));
  const frame = fc.oneof(
    fc
      .tuple(count, count, count, fc.array(fc.jsonValue(), { maxLength: 3 }))
      .map(([a, b, c, messages]) => JSON.stringify([a, b, c, ...messages])),
    fc.json(),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom("", "[", "[0,0,0", "[0,0,0,]", "[[0,0,0]]", '["bye"]', '["bye",1]', "null", "[]", "[0]", '{"atoll":"link"}'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 6 }), fc.boolean(), async (frames, split) => {
      const { peer, far } = await linked();
      for (const text of frames) {
        const bytes = Buffer.concat([Buffer.from([0, 0, 0, Buffer.byteLength(text) & 0xff]), Buffer.from(text)]);
        if (bytes.length > 259) continue;
        for (const part of split ? [bytes.subarray(0, 5), bytes.subarray(5)] : [bytes]) peer.send(part);
      }
      peer.socket.end();
      await far.loss();
      await peer.turnedAway();
    }),
    { numRuns: 200 },
  );
  await assertServed();
});

test("T7: bytes that are no UTF-8 end the link instead of being bent", async () => {
  const { peer, far } = await linked();
  const text = Buffer.concat([Buffer.from('[0,0,0,"'), Buffer.from([0xc3, 0x28]), Buffer.from('"]')]);
  peer.send(Buffer.concat([Buffer.from([0, 0, 0, text.length]), text]));
  assert.deepEqual(await far.loss(), { kind: "violated", why: "a frame is not UTF-8" });
});

test("T7: JSON as deep as a frame allows is a message like others, and what is left of the depth is the reader's to refuse", async () => {
  const depth = 400_000;
  const { peer, far } = await linked();
  peer.send(`[0,0,0,${"[".repeat(depth)}${"]".repeat(depth)}]`);
  await far.until(() => far.messages.length + far.losses.length > 0);
  let deep = 0;
  for (let value = far.messages[0]; Array.isArray(value); value = (value as readonly Json[])[0]) deep += 1;
  assert.equal(deep, depth);
  peer.socket.destroy();
  assert.equal((await far.loss()).kind, "broken");
  await assertServed();
});

test("T7: who sends more than it was allowed loses its link", async () => {
  const { peer, far } = await linked();
  const many = Array.from({ length: linkLimits.messagesInFlightMax + 1 }, () => 0);
  peer.sendJson([0, 0, 0, ...many]);
  assert.deepEqual(await far.loss(), { kind: "violated", why: "more was sent than was allowed" });
  assert.equal(far.messages.length, 0);
});

test("T7: a hello that comes a byte at a time, or not at all, is given up", async () => {
  const bytes = Buffer.from(JSON.stringify(rawHello(self, "secret")));
  const slow = await RawPeer.open(at);
  slow.send(Buffer.from([0, 0, 0x03, 0xff]));
  let sent = 0;
  const drip = setInterval(() => slow.socket.write(bytes.subarray(sent, (sent += 1))), 5);
  const silent = await RawPeer.open(at);
  await Promise.all([slow.turnedAway(), silent.turnedAway()]);
  clearInterval(drip);
  await assertServed();
});

test("T7: a frame that comes a byte at a time is no sign of life", async () => {
  const { peer, far } = await linked();
  peer.send(Buffer.from([0, 0, 0x0f, 0xff]));
  const drip = setInterval(() => peer.socket.write("["), 5);
  assert.equal((await far.loss()).kind, "silent");
  clearInterval(drip);
  await peer.turnedAway();
});

test("T7: of thousands of connections that say nothing strangersMax are kept, and a caller that means it still gets in", async () => {
  const known = accepted.length;
  let open = 0;
  let openMost = 0;
  const peers: RawPeer[] = [];
  for (let wave = 0; wave < 20; wave++) {
    const fresh = await Promise.all(Array.from({ length: 150 }, () => RawPeer.open(at)));
    for (const peer of fresh) {
      open += 1;
      void peer.turnedAway().then(() => (open -= 1));
    }
    peers.push(...fresh);
    await assertServed();
    openMost = Math.max(openMost, open);
  }
  await Promise.all(peers.map((peer) => peer.turnedAway()));
  assert.equal(accepted.length, known + 20);
  assert.ok(openMost <= limits.strangersMax, `${openMost} strangers at once`);
  const refusals = logged.filter(({ event }) => event === "link.refused").length;
  assert.ok(refusals <= 2 * 20, `${refusals} lines in the log of a minute or two`);
});
