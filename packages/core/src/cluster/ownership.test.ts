// A node by itself: O1 to O6, and where messages belong. Together with a registry and a log: cluster.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newOwnership, type OwnershipEffect, type OwnershipInput, type OwnershipState, placeOf, stepOwnership } from "./ownership.ts";
import type { NodeReport } from "./plan.ts";

type Said = readonly [string, number?] | NodeReport["standing"];

/** The node `me`, with a log of one partition. */
class Node {
  state: OwnershipState = newOwnership("me");

  take(input: OwnershipInput): readonly Said[] {
    const [state, effects] = stepOwnership(this.state, input);
    this.state = state;
    return effects.map((effect: OwnershipEffect) => {
      if (effect.kind === "report") return effect.report.standing;
      return effect.kind === "acquire" ? [effect.kind, effect.epoch] : [effect.kind];
    });
  }

  plan(owner: string | undefined, epoch: number, leaving = false): readonly Said[] {
    return this.take({ kind: "plan", plan: { host: "host", partitions: [{ owner, epoch, leaving }] } });
  }

  at(kind: "acquired" | "refused" | "lost" | "raised", epoch: number): readonly Said[] {
    return this.take({ kind, partition: 0, epoch });
  }

  released(): readonly Said[] {
    return this.take({ kind: "released", partition: 0 });
  }

  place(epoch: number): ReturnType<typeof placeOf> {
    return placeOf(this.state, 0, epoch);
  }

  static holding(epoch: number): Node {
    const node = new Node();
    node.plan("me", epoch);
    node.at("acquired", epoch);
    return node;
  }
}

const away = (epoch: number): Said => [{ holds: false, epoch }];
const held = (epoch: number): Said => [{ holds: true, epoch }];

test("O3 O6: what is granted is acquired, and reported when it is held", () => {
  const node = new Node();
  assert.deepEqual(node.plan("other", 3), [away(0)]);
  assert.deepEqual(node.plan("me", 4), [["acquire", 4]]);
  assert.deepEqual(node.at("acquired", 4), [held(4)]);
  assert.deepEqual(node.plan("me", 4), []);
});

test("O1: what the plan says while an acquire is under way is done when that has ended", () => {
  const node = new Node();
  node.plan("me", 4);
  assert.deepEqual(node.plan("me", 4, true), []);
  assert.deepEqual(node.at("acquired", 4), [["release"], held(4)]);
  assert.deepEqual(node.plan("other", 5), []);
  assert.deepEqual(node.released(), [away(4)]);
});

test("O2 O3: who was refused, or has lost it, does nothing until there is another grant", () => {
  const node = new Node();
  node.plan("me", 4);
  assert.deepEqual(node.at("refused", 6), [away(6)]);
  assert.deepEqual(node.plan("me", 4), []);
  assert.deepEqual(node.plan("me", 7), [["acquire", 7]]);
  node.at("acquired", 7);
  assert.deepEqual(node.at("lost", 9), [away(9)]);
  assert.deepEqual(node.plan("me", 7), []);
  assert.deepEqual(node.plan("me", 10), [["acquire", 10]]);
});

test("O2: a grant that is taken back before it was acted upon is over", () => {
  const node = new Node();
  assert.deepEqual(node.plan("me", 4, true), [away(4)]);
  assert.deepEqual(node.plan("me", 4, true), []);
});

test("O4: what is held under an older grant is released and acquired again; what is granted to somebody else is released", () => {
  const node = Node.holding(4);
  assert.deepEqual(node.plan("me", 6), [["release"]]);
  assert.deepEqual(node.released(), [["acquire", 6], away(4)]);
  assert.deepEqual(node.at("acquired", 6), [held(6)]);
  assert.deepEqual(node.plan("other", 7), [["release"]]);
  assert.deepEqual(node.released(), [away(6)]);
});

test("O1: what is lost while it is released goes on being released", () => {
  const node = Node.holding(4);
  node.plan("other", 5);
  assert.deepEqual(node.at("lost", 5), []);
  assert.deepEqual(node.plan("me", 6), []);
  assert.deepEqual(node.released(), [["acquire", 6], away(5)]);
});

test("O5: a log that shows the granted epoch while it is being acquired is no news: it may be one's own", () => {
  const node = new Node();
  node.take({ kind: "hosting", epochs: [2] });
  node.plan("me", 4);
  assert.deepEqual(node.take({ kind: "hosting", epochs: [4] }), [away(3)]);
  assert.deepEqual(node.at("acquired", 4), [held(4)]);
});

test("raised: an owner that has raised its epoch says so, keeps the partition, and its grant is over with the raised one", () => {
  const node = Node.holding(4);
  assert.deepEqual(node.at("raised", 5), [held(5)]);
  assert.deepEqual(node.plan("me", 4, true), [["release"]]);
  assert.deepEqual(node.released(), [away(5)]);
});

test("O6: nothing new is not reported, what a host sees in its log is", () => {
  const node = new Node();
  const [first] = node.take({ kind: "hosting", epochs: [1] });
  assert.deepEqual([first, node.state.report], [away(1), { hosting: { epochs: [1] }, standing: [{ holds: false, epoch: 1 }] }]);
  assert.deepEqual(node.take({ kind: "hosting", epochs: [1] }), []);
  assert.deepEqual(node.take({ kind: "plan", plan: undefined }), []);
  assert.deepEqual(node.take({ kind: "hosting", epochs: undefined }), [away(1)]);
  assert.equal(node.state.report.hosting, undefined);
});

test("messages: the owner takes them; who knows less than the message holds it, also before it knows anything", () => {
  const node = new Node();
  assert.deepEqual([node.place(0), node.place(3)], ["hold", "hold"]);
  node.plan("other", 3);
  assert.deepEqual([node.place(0), node.place(3), node.place(4)], [{ moved: 3 }, { moved: 3 }, "hold"]);
  node.plan("me", 4);
  assert.deepEqual([node.place(0), node.place(4)], ["hold", "hold"], "its own grant is on its way");
  node.at("acquired", 4);
  assert.deepEqual([node.place(0), node.place(4), node.place(5)], ["here", "here", "here"]);
});

test("messages: a grant that is over sends them on, to the next grant; one that is renewed does not", () => {
  const refused = new Node();
  refused.plan("me", 4);
  refused.at("refused", 6);
  assert.deepEqual(refused.place(4), { moved: 6 });
  const leaving = Node.holding(4);
  leaving.plan("me", 4, true);
  assert.deepEqual(leaving.place(4), { moved: 4 });
  const renewed = Node.holding(4);
  renewed.plan("me", 6);
  assert.deepEqual([renewed.place(4), renewed.place(6)], ["hold", "hold"]);
});
