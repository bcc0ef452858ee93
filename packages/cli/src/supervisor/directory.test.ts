// Whom a node is told of: the laws D1 to D3, and what the registry of a service hears on the way.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Child } from "./child.ts";
import { type Input, step } from "./course.ts";
import { directoryOf } from "./directory.ts";
import { ServiceNodes } from "./service-nodes.ts";
import type { Slot } from "./slot.ts";

const child = {} as Child; // whether there is one is all that is looked at

/** A node that listens, and has said so to the registry. */
function up(nodes: ServiceNodes, slot: Slot): Slot {
  const incarnation = `incarnation of ${slot.node}`;
  slot.place = { identity: { node: slot.node, service: slot.service, incarnation }, at: `/${slot.node}`, secret: "s" };
  slot.child = child;
  nodes.joined(slot);
  course(slot, { kind: "start" }, { kind: "running", process: 1 });
  slot.listening = true;
  nodes.became("running", slot);
  return slot;
}

function course(slot: Slot, ...inputs: readonly Input[]): void {
  for (const input of inputs) slot.course = step(slot.course, input, 0).course;
}

function system(): {
  readonly stock: ServiceNodes;
  readonly shop: ServiceNodes;
  readonly first: Slot;
  readonly second: Slot;
  readonly shopNode: Slot;
} {
  const [stock, shop] = [new ServiceNodes("stock"), new ServiceNodes("shop")];
  const [first, second] = [up(stock, stock.add()), up(stock, stock.add())];
  return { stock, shop, first, second, shopNode: up(shop, shop.add()) };
}

type Told = { readonly [service: string]: readonly string[] };
function toldTo({ place }: Slot, ...services: readonly ServiceNodes[]): Told {
  assert(place);
  const entries = directoryOf("trial", services, place.identity, false);
  return Object.fromEntries(Object.entries(entries).map(([name, { nodes }]) => [name, nodes.map(({ identity }) => identity.node)]));
}

test("D1 D2: everybody is told of all that listen, of their own service too, and never of themselves", () => {
  const { stock, shop, first, second, shopNode } = system();
  assert.deepEqual(toldTo(shopNode, stock, shop), { stock: ["stock-1", "stock-2"], shop: [] });
  assert.deepEqual(toldTo(second, stock, shop), { stock: ["stock-1"], shop: ["shop-1"] });
  second.beats = { ...second.beats, silent: true };
  assert.deepEqual(toldTo(shopNode, stock, shop)["stock"], ["stock-1"]);
  second.beats = { ...second.beats, silent: false };
  second.listening = false;
  assert.deepEqual(toldTo(shopNode, stock, shop)["stock"], ["stock-1"]);
  assert.deepEqual(toldTo(first, stock, shop), { stock: [], shop: ["shop-1"] });
});

test("D1 D2: one that is to take nothing more is named to nobody, but the host of a log to those that append through it", () => {
  const { stock, shop, first, second, shopNode } = system();
  first.leaving = true;
  assert.deepEqual(toldTo(second, stock, shop)["stock"], [], "there is no log");
  stock.reported(first, { hosting: { epochs: [1, 1] }, standing: [] });
  assert.equal(stock.host, first);
  assert.deepEqual([toldTo(second, stock, shop)["stock"], toldTo(shopNode, stock, shop)["stock"]], [["stock-1"], ["stock-2"]]);
  second.leaving = true;
  assert.deepEqual(toldTo(shopNode, stock, shop)["stock"], []);
});

test("D3: a service is lost when all its nodes have failed, not while one runs or is to come", () => {
  const { stock, first, second, shopNode } = system();
  const lost = (stopping = false): string | undefined =>
    directoryOf("trial", [stock], shopNode.place?.identity ?? assert.fail(), stopping)["stock"]?.lost;
  const fail = (slot: Slot): void => {
    slot.child = undefined;
    slot.course = { ...slot.course, phase: { kind: "failed", reason: "no" } };
  };
  fail(first);
  assert.equal(lost(), undefined);
  fail(second);
  assert.equal(lost(), "no");
  course(second, { kind: "restart" });
  assert.equal(lost(), undefined);
  course(first, { kind: "stop" });
  course(second, { kind: "stop" }, { kind: "ended", process: 2, how: "", jitter: 0 });
  assert.deepEqual([lost(), lost(true)], [undefined, "the system is stopping"]);
});

test("nodes: the lowest free number is taken; a successor stands behind the one whose place it takes, and has its name", () => {
  const nodes = new ServiceNodes("stock");
  const [one, two, three] = [nodes.add(), nodes.add(), nodes.add()];
  nodes.remove(two);
  const again = nodes.add();
  const successor = nodes.addSuccessor(one, one.course);
  assert.deepEqual(
    nodes.slots.map(({ node }) => node),
    ["stock-1", "stock-1", "stock-2", "stock-3"],
  );
  assert.deepEqual([nodes.slots[1], nodes.slots[2], nodes.slots[3], nodes.named("stock-1")], [successor, again, three, successor]);
});

test("nodes: one may end when others hold what it had, or when nobody could; its end and its silence free what it has", () => {
  const { stock, first, second } = system();
  const owners = (): readonly (string | undefined)[] => stock.partitions.map(({ node }) => node);
  const holds = (slot: Slot, ...partitions: readonly number[]): void => {
    const hosting = slot === first ? { epochs: [1, 1] } : undefined;
    const standing = stock.partitions.map(({ epoch }, p) => ({ holds: partitions.includes(p), epoch }));
    stock.reported(slot, { hosting, standing });
  };
  stock.reported(first, { hosting: { epochs: [1, 1] }, standing: [] });
  const [mine, other] = [owners().indexOf("stock-1"), owners().indexOf("stock-2")];
  assert(mine >= 0 && other >= 0, "they share");
  holds(first, mine);
  holds(second, other);
  assert(stock.isSettled);
  stock.became("draining", first);
  assert.deepEqual([stock.mayEnd(first), stock.plan.partitions[mine]?.leaving, stock.isSettled], [false, true, false]);
  holds(first);
  assert.deepEqual([stock.mayEnd(first), owners()], [true, ["stock-2", "stock-2"]]);
  stock.became("ended", first);
  assert.equal(stock.host, second, "who is left has the log");
  assert(stock.mayEnd(second), "nobody could take what it has");
});
