// T6: who gets a link, and what the others hear.
import assert from "node:assert/strict";
import { Failure } from "../../base/failure.ts";
import { ConnectFailure, type ConnectReason } from "../connect-failure.ts";
import { ticketFor } from "../ticket.ts";
import type { Address, HandleLink } from "../transport.ts";
import { Recorder } from "./recorder.ts";
import { law, type Stage, type StageNode, type Subject } from "./transport-under-test.ts";

const never: HandleLink = () => {
  throw new RangeError("no link was to come about");
};

async function refusal(caller: StageNode, to: Address): Promise<ConnectFailure> {
  const failure: unknown = await caller.transport.connect(to, never).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof ConnectFailure, "it was refused");
  return failure;
}

export function handshakeLaws(subject: Subject): void {
  law(subject, "T6: each end knows the other and what it says of itself", async (stage) => {
    const a = stage.node({ name: "a", hello: { contracts: { counter: [1, 2] } } });
    const b = stage.node({ name: "b" });
    const { near, far } = await stage.link(a, b);
    assert.deepEqual([near.link.peer, near.link.hello], [b.self, null]);
    assert.deepEqual([far.link.peer, far.link.hello], [a.self, { contracts: { counter: [1, 2] } }]);
    assert.deepEqual([a.metric("atoll_links_open") > 0, b.metric("atoll_links_open") > 0], [true, true]);
  });

  law(subject, "T6: what both send within accept and handle arrives", async (stage) => {
    const [a, b] = [stage.node({ name: "a" }), stage.node({ name: "b" })];
    const far = Promise.withResolvers<Recorder>();
    const greet: HandleLink = (link) => {
      const recorder = new Recorder(link);
      link.send(JSON.stringify(`from ${link.peer.node === "a" ? "b" : "a"}`));
      if (link.peer.node === "a") far.resolve(recorder);
      return recorder;
    };
    await b.listen(greet);
    let near: Recorder | undefined;
    await a.transport.connect(b.addressFor(a), (link) => (near = greet(link) as Recorder));
    const there = await far.promise;
    await Promise.all([near!.arrived(1), there.arrived(1)]);
    assert.deepEqual([near!.messages, there.messages], [["from b"], ["from a"]]);
  });

  const refused = (
    title: string,
    reason: ConnectReason,
    code: Failure["code"],
    forge: (stage: Stage, a: StageNode, b: StageNode) => readonly [StageNode, Address],
  ): void =>
    law(subject, `T6: ${title} is refused as "${reason}", logged and counted`, async (stage) => {
      const [a, b] = [stage.node({ name: "a" }), stage.node({ name: "b" })];
      await b.listen(never);
      const [caller, to] = forge(stage, a, b);
      const failure = await refusal(caller, to);
      assert.deepEqual([failure.reason, failure.code, failure.outcome], [reason, code, "not-delivered"]);
      assert.equal(b.metric(`atoll_links_refused_total{reason="${reason}"}`), 1);
      assert.ok(stage.under.logged().includes("link.refused"));
    });

  refused("a ticket made with another secret", "ticket", "LINK_REFUSED", (_stage, a, b) => [
    a,
    { ...b.addressFor(a), ticket: ticketFor("guessed", "trial", a.self) },
  ]);
  refused("the ticket of another node", "ticket", "LINK_REFUSED", (stage, a, b) => [
    a,
    { ...b.addressFor(a), ticket: b.addressFor(stage.node({ name: "c" })).ticket },
  ]);
  refused("the ticket of an earlier incarnation", "ticket", "LINK_REFUSED", (stage, a, b) => [stage.node({ name: "a" }), b.addressFor(a)]);
  refused("no ticket", "ticket", "LINK_REFUSED", (_stage, a, b) => [a, { ...b.addressFor(a), ticket: "0" }]);
  refused("another system", "system", "LINK_REFUSED", (stage, _a, b) => {
    const stranger = stage.node({ name: "a", system: "other" });
    return [stranger, b.addressFor(stranger)];
  });
  refused("an address that means another incarnation", "identity", "UNAVAILABLE", (_stage, a, b) => [
    a,
    { ...b.addressFor(a), identity: { ...b.self, incarnation: "f".repeat(32) } },
  ]);
  refused("an address that means another node", "identity", "UNAVAILABLE", (_stage, a, b) => [
    a,
    { ...b.addressFor(a), identity: { ...b.self, node: "c" } },
  ]);

  law(subject, "T6: where nobody listens the caller hears that it is unreachable", async (stage) => {
    const [a, b] = [stage.node({ name: "a" }), stage.node({ name: "b" })];
    const failure = await refusal(a, b.addressFor(a));
    assert.deepEqual([failure.reason, failure.code], ["unreachable", "UNAVAILABLE"]);
  });

  law(subject, "T6: a listener with linksMax links refuses as full, and takes one again when one has ended", async (stage) => {
    const [a, b] = [stage.node({ name: "a" }), stage.node({ name: "b", limits: { linksMax: 2 } })];
    const accepted: Recorder[] = [];
    await b.listen((link) => {
      accepted.push(new Recorder(link));
      return accepted.at(-1) as Recorder;
    });
    const open = async (): Promise<Recorder> => {
      let near: Recorder | undefined;
      await a.transport.connect(b.addressFor(a), (link) => (near = new Recorder(link)));
      return near as Recorder;
    };
    const first = await open();
    await open();
    assert.equal((await refusal(a, b.addressFor(a))).reason, "full");
    first.close();
    await (accepted[0] as Recorder).loss();
    await open();
    assert.equal(accepted.length, 3);
  });

  law(subject, "T6: a handler whose closed throws gives its place back", async (stage) => {
    const [a, b] = [stage.node({ name: "a" }), stage.node({ name: "b", limits: { linksMax: 1 } })];
    await b.listen(() => ({
      message: () => {},
      room: () => {},
      closed: () => {
        throw new RangeError("planted");
      },
    }));
    for (let i = 0; i < 3; i++) {
      let near: Recorder | undefined;
      await a.transport.connect(b.addressFor(a), (link) => (near = new Recorder(link)));
      near!.close();
      await near!.loss();
      while (b.metric('atoll_links_lost_total{kind="closed"}') < (i + 1) * (a.runtime === b.runtime ? 2 : 1)) await stage.wait(b, 1);
      await stage.wait(b, 1);
    }
  });

  law(subject, "T6: an accept that throws ends the link with a reason", async (stage) => {
    const [a, b] = [stage.node({ name: "a" }), stage.node({ name: "b" })];
    await b.listen(() => {
      throw new RangeError("planted");
    });
    let near: Recorder | undefined;
    await a.transport.connect(b.addressFor(a), (link) => (near = new Recorder(link)));
    assert.equal((await near!.loss()).kind, "closed");
    assert.ok(stage.under.logged().includes("link.handler_failed"));
    assert.equal(b.metric("atoll_links_open"), 0);
  });

  law(subject, "listen: one at a time at an address; after close others may, and open links live on", async (stage) => {
    const [a, b] = [stage.node({ name: "a" }), stage.node({ name: "b" })];
    let near: Recorder | undefined;
    let far: Recorder | undefined;
    const listener = await b.listen((link) => (far = new Recorder(link)));
    await a.transport.connect(b.addressFor(a), (link) => (near = new Recorder(link)));
    await assert.rejects(b.listen(never), (error) => error instanceof Failure && error.code === "ADDRESS_TAKEN");
    await listener.close();
    await listener.close();
    assert.equal((await refusal(a, b.addressFor(a))).reason, "unreachable");
    near!.link.send(JSON.stringify("on"));
    await far!.arrived(1);
    await using again = await b.listen((link) => new Recorder(link));
    assert.equal(again.at, b.at);
    await a.transport.connect(b.addressFor(a), (link) => new Recorder(link));
  });
}
