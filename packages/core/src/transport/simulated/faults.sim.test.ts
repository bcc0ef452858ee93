// The laws of links under every fault that the network can commit. The seeds are few enough for every run of the tests and
// many enough to hit every mark; each law is also checked against an end that cheats (link-machine.test.ts).
import assert from "node:assert/strict";
import { test } from "node:test";
import { type VirtualProcess, VirtualWorld } from "../../runtime/virtual/index.ts";
import { linkLimits } from "../link-limits.ts";
import { Recorder } from "../tck/recorder.ts";
import { ticketFor } from "../ticket.ts";
import type { Address, NodeIdentity, Transport } from "../transport.ts";
import { type NetworkFaults, SimulatedNetwork } from "./simulated-network.ts";

/** What the other end may take to notice: T4. */
const noticedMs = 2 * (linkLimits.silentMs * 1.25) + 100;

interface TrialNode {
  readonly process: VirtualProcess;
  readonly transport: Transport;
  readonly accepted: Recorder[];
  addressFor(caller: NodeIdentity): Address;
}

class Trial {
  readonly world: VirtualWorld;
  readonly network: SimulatedNetwork;

  constructor(seed: number, faults: Partial<NetworkFaults> = {}) {
    this.world = new VirtualWorld({ seed });
    this.network = new SimulatedNetwork(this.world, faults);
  }

  async node(name: string): Promise<TrialNode> {
    const process = this.world.process(name);
    const self: NodeIdentity = { node: name, service: name, incarnation: process.random.id() };
    const transport = this.network.transport(process, { system: "trial", self });
    const accepted: Recorder[] = [];
    await transport.listen(`${name}#${process.incarnation}`, name, (link) => {
      accepted.push(new Recorder(link));
      return accepted.at(-1) as Recorder;
    });
    return {
      process,
      transport,
      accepted,
      addressFor: (caller) => ({ identity: self, at: `${name}#${process.incarnation}`, ticket: ticketFor(name, "trial", caller) }),
    };
  }

  /** Undefined if it did not come about, which it says within the time of a handshake. */
  async connect(a: TrialNode, b: TrialNode): Promise<Recorder | undefined> {
    let near: Recorder | undefined;
    const beganMs = this.world.timeMs;
    const connecting = a.transport.connect(b.addressFor(a.transport.self), (link) => (near = new Recorder(link)));
    await this.world.runUntil(connecting).catch(() => undefined);
    assert.ok(this.world.timeMs - beganMs <= linkLimits.handshakeMs, "connect ends in time");
    return near;
  }

  async pair(a: TrialNode, b: TrialNode): Promise<readonly [Recorder, Recorder]> {
    const near = await this.connect(a, b);
    assert.ok(near);
    return [near, b.accepted.at(-1) as Recorder];
  }

  end(): void {
    assert.deepEqual(this.world.failures, []);
  }
}

/** T1, T2, T3: what has arrived is what was taken first. */
function assertPrefix(taken: number, { messages, broken }: Recorder): void {
  assert.ok(messages.length <= taken);
  assert.deepEqual(
    messages,
    Array.from({ length: messages.length }, (_, i) => i),
  );
  assert.deepEqual(broken, []);
}

/** Sends a number now and then, in bursts, until the link is lost. */
function chatter(from: Recorder, process: VirtualProcess): { taken: number } {
  const said = { taken: 0 };
  const burst = (): void => {
    for (let n = Math.floor(process.random.next() * 6); n > 0; n--) if (from.link.send(JSON.stringify(said.taken))) said.taken += 1;
    if (from.losses.length === 0) process.timers.after(process.random.next() * 40, burst);
  };
  burst();
  return said;
}

test("T1 T2 T3 T4 T6: under loss, duplication and reordering what arrives is a prefix, and a link is lost at both ends or at neither", async () => {
  const reached = new Map<string, number>();
  for (let seed = 1; seed <= 150; seed++) {
    const worst = [0.05, 0.003, 0.0002][seed % 3] as number;
    const trial = new Trial(seed, { lossChance: worst, duplicateChance: 0.1, reorderChance: worst });
    const { world } = trial;
    const [a, b] = await world.runUntil(Promise.all([trial.node("a"), trial.node("b")]));
    const near = await trial.connect(a, b);
    const said = near && chatter(near, a.process);
    const heard = b.accepted[0] && chatter(b.accepted[0], b.process);
    await world.runFor(10_000);
    // An accepted link may have no calling end: then the answer to its hello was lost, and it is to go as well.
    const ends = [near, ...b.accepted].filter((end) => end !== undefined);
    if (!near || ends.some(({ losses }) => losses.length > 0)) {
      await world.runFor(noticedMs);
      for (const { losses } of ends) assert.equal(losses.length, 1);
      if (near) world.reach("lost");
    } else world.reach("lived");
    assert.ok(b.accepted.length <= 1, "a hello that comes again makes no second link");
    if (near && said) assertPrefix(said.taken, b.accepted[0] as Recorder);
    if (near && heard) assertPrefix(heard.taken, near);
    for (const [mark, count] of world.trace.marks) reached.set(mark, (reached.get(mark) ?? 0) + count);
    trial.end();
  }
  for (const mark of ["network.lost", "network.duplicated", "network.reordered", "link.gap", "lost", "lived"])
    assert.ok((reached.get(mark) ?? 0) > 5, `${mark} was reached`);
});

for (const direction of ["both", "there"] as const) {
  test(`T4: a link that is cut (${direction}) is lost at both ends in the time that is promised`, async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const trial = new Trial(seed);
      const { world } = trial;
      const [a, b] = await world.runUntil(Promise.all([trial.node("a"), trial.node("b")]));
      const [near, far] = await trial.pair(a, b);
      if (seed % 2 === 0) chatter(near, a.process);
      await world.runFor(seed * 37);
      if (seed % 4 < 2) trial.network.cut("a", "b", direction);
      else trial.network.cut("b", "a", direction);
      await world.runFor(noticedMs);
      assert.deepEqual([near.losses.length, far.losses.length], [1, 1]);
      assert.ok([near, far].some(({ losses }) => losses[0]?.kind === "silent" || losses[0]?.kind === "gap"));
      trial.network.heal();
      const again = await trial.pair(a, b);
      again[0].link.send(JSON.stringify(0));
      await world.runUntil(again[1].arrived(1));
      trial.end();
    }
  });
}

test("T4: a process that crashes is noticed at once where its machine says so, else by its silence", async () => {
  for (const what of ["process", "machine"] as const) {
    const trial = new Trial(3);
    const { world } = trial;
    const [a, b] = await world.runUntil(Promise.all([trial.node("a"), trial.node("b")]));
    const [near] = await trial.pair(a, b);
    trial.network.crash("b", what);
    await world.runFor(100);
    assert.equal(near.losses[0]?.kind, what === "process" ? "broken" : undefined);
    await world.runFor(noticedMs);
    assert.equal(near.losses.length, 1);
    const successor = await world.runUntil(trial.node("b"));
    assert.equal(await trial.connect(a, b), undefined, "the address of the dead one leads to nobody");
    await trial.pair(a, successor);
    trial.end();
  }
});

test("T4: a process that was stopped for long finds its link lost and hears nothing that was not sent; one that was stopped shortly goes on", async () => {
  for (const [stoppedMs, lost] of [
    [20_000, true],
    [1_500, false],
  ] as const) {
    const trial = new Trial(5);
    const { world } = trial;
    const [a, b] = await world.runUntil(Promise.all([trial.node("a"), trial.node("b")]));
    const [near, far] = await trial.pair(a, b);
    const said = chatter(near, a.process);
    await world.runFor(500);
    trial.network.pause("b");
    await world.runFor(stoppedMs);
    assert.equal(near.losses.length, lost ? 1 : 0);
    trial.network.resume("b");
    await world.runFor(noticedMs);
    assert.deepEqual([near.losses.length, far.losses.length], lost ? [1, 1] : [0, 0]);
    assertPrefix(said.taken, far);
    trial.end();
  }
});

test("T4: a machine that slept as a whole does not call its links lost", async () => {
  const trial = new Trial(6);
  const { world } = trial;
  const [a, b] = await world.runUntil(Promise.all([trial.node("a"), trial.node("b")]));
  const [near, far] = await trial.pair(a, b);
  trial.network.pause("a");
  trial.network.pause("b");
  await world.runFor(60_000);
  trial.network.resume("a");
  trial.network.resume("b");
  await world.runFor(noticedMs);
  assert.deepEqual([near.losses.length, far.losses.length], [0, 0]);
  near.link.send(JSON.stringify(0));
  await world.runUntil(far.arrived(1));
});

test("T4: clocks that drift apart by a tenth and jump by a day lose no link, and a cut is still noticed", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const trial = new Trial(seed);
    const { world } = trial;
    const [a, b] = await world.runUntil(Promise.all([trial.node("a"), trial.node("b")]));
    a.process.drift(1.05);
    b.process.drift(0.95);
    const [near, far] = await trial.pair(a, b);
    await world.runFor(30_000);
    a.process.jumpClock(86_400_000);
    b.process.jumpClock(-86_400_000);
    await world.runFor(30_000);
    assert.deepEqual([near.losses.length, far.losses.length], [0, 0]);
    trial.network.cut("a", "b", "there");
    await world.runFor(noticedMs / 0.95);
    assert.deepEqual([near.losses.length, far.losses.length], [1, 1]);
    trial.end();
  }
});

test("simulated network: the same seed gives the same run, another seed another one", async () => {
  const hashOf = async (seed: number): Promise<string> => {
    const trial = new Trial(seed, { lossChance: 0.01, duplicateChance: 0.1, reorderChance: 0.01 });
    const [a, b] = await trial.world.runUntil(Promise.all([trial.node("a"), trial.node("b")]));
    const near = await trial.connect(a, b);
    if (near) chatter(near, a.process);
    await trial.world.runFor(3_000);
    return trial.world.trace.hash;
  };
  assert.equal(await hashOf(8), await hashOf(8));
  assert.notEqual(await hashOf(8), await hashOf(9));
});
