// What happens in a world of plans: any course of small events, and what has to become of it when no more of them come.
import assert from "node:assert/strict";
import { isEmpty, isSettled, planOf } from "@atoll/core/cluster";
import { nodesMax, type PlanWorld } from "./plan-world.ts";
import type { NodeModel } from "./node-model.ts";

/** Kinds of events; those that carry the work forward are there more than once. */
export const events = [
  ...([
    "join",
    "running",
    "drain",
    "kill",
    "pause",
    "continue",
    "silent",
    "heard",
    "zombie",
    "move",
    "raise",
    "append",
    "ask",
    "ask",
  ] as const),
  ...([
    "plan",
    "plan",
    "plan",
    "report",
    "report",
    "report",
    "host",
    "work",
    "work",
    "work",
    "forget",
    "caller",
    "send",
    "arrive",
  ] as const),
];

/** What happens, and to whom: numbers that choose among those who are there. */
export type PlanEvent = readonly [kind: (typeof events)[number], node: number, partition: number];

export function happen(world: PlanWorld, [kind, which, partition]: PlanEvent): void {
  const { living } = world;
  if (kind === "join" || living.length === 0) {
    if (living.length < nodesMax) world.join();
    return;
  }
  const node = living[which % living.length] as NodeModel;
  const { incarnation } = node;
  const busy = node.busy[partition % Math.max(1, node.busy.length)];
  switch (kind) {
    case "running":
      world.tell({ kind: "running", incarnation });
      break;
    case "drain":
      world.tell({ kind: "draining", incarnation });
      break;
    case "kill":
      world.kill(node);
      break;
    case "pause":
    case "continue":
      node.paused = kind === "pause";
      break;
    case "silent":
      world.accuse(node);
      break;
    case "heard":
      world.hear(node);
      break;
    case "zombie": // it is replaced while it stands still, and goes on as if nothing had been
      world.accuse(node);
      node.paused = true;
      for (let n = 0; n < 3; n++) round(world);
      node.paused = false;
      if (partition % 2 === 0) for (const p of world.log.epochs.keys()) node.append(p);
      else for (const p of world.log.epochs.keys()) node.raise(p);
      break;
    case "move":
      world.tell({ kind: "move", partition, incarnation });
      break;
    case "raise":
      if (node.moves) node.raise(partition);
      break;
    case "append":
      if (node.moves) node.append(partition);
      break;
    case "ask":
      world.ask(partition);
      break;
    case "plan":
      world.plan(node);
      break;
    case "report": // also of one that has died since
      world.report(world.nodes[which % world.nodes.length] as NodeModel);
      break;
    case "host":
      world.host(node);
      break;
    case "work":
      if (node.moves && busy !== undefined) node.work(busy);
      break;
    case "forget": // what it has under way is done, and it does not hear of it
      for (const each of node.moves ? node.busy : []) {
        node.work(each, true);
        node.work(each, true);
      }
      break;
    case "caller":
      world.caller.hear();
      break;
    case "send":
      world.send();
      break;
    case "arrive":
    default:
      world.arrive(node);
  }
  world.log.check();
}

/** Everybody who lives goes on, everything that was said arrives, nothing new happens: it has to come to rest, settled. */
export function heal(world: PlanWorld, partitions: number): void {
  for (const node of world.living) {
    node.paused = false;
    if (world.isSilent(node.incarnation)) world.hear(node);
  }
  if (world.living.length === 0) world.join();
  for (const { incarnation } of world.living) world.tell({ kind: "running", incarnation });
  const before = { ...world.grants, leavings: world.leavings };
  let rounds = 0;
  while (round(world)) assert(++rounds < 100, "G4: it comes to rest");
  const after = world.grants.over + world.grants.first - before.over - before.first;
  assert(after <= 4 * partitions + (world.leavings - before.leavings), `few grants until it rests, not ${after}`);
  atRest(world);
}

/** Everybody does what there is to do, once; whether there was anything. */
function round(world: PlanWorld): boolean {
  let busy = false;
  for (const node of world.living) {
    while (world.plan(node)) busy = true;
    if (world.host(node)) busy = true;
    for (const partition of node.moves ? node.busy : []) {
      busy = true;
      node.work(partition);
    }
    while (world.report(node)) busy = true;
    while (world.arrive(node)) busy = true;
    world.log.check();
  }
  while (world.caller.hear()) busy = true;
  return world.send() || busy;
}

function atRest({ registry, nodes, living, log, caller }: PlanWorld): void {
  const plan = planOf(registry);
  assert(isSettled(registry), `G4: settled, not ${JSON.stringify(plan)}`);
  const running = registry.members.filter(({ phase }) => phase === "running");
  for (const [p, { owner, epoch }] of plan.partitions.entries()) {
    const node = nodes.find(({ incarnation }) => incarnation === owner);
    assert(node?.alive && node.epochOf(p) === log.epochOf(p) && log.epochOf(p) >= epoch, "G4: its owner holds it, in the log");
    assert(running.length === 0 || running.some(({ incarnation }) => incarnation === owner), "G4: the owner is eligible");
    for (const other of living) assert(other === node || other.epochOf(p) === undefined, "nobody else thinks that it holds it");
  }
  const loads = running.map(({ incarnation }) => plan.partitions.filter(({ owner }) => owner === incarnation).length);
  if (registry.pins.every((pin) => pin === undefined)) assert(Math.max(0, ...loads) - Math.min(...loads) <= 1 || loads.length === 0, "G3");
  for (const { incarnation, phase } of registry.members)
    if (phase === "draining" && running.length > 0) assert(isEmpty(registry, incarnation), "who drains has nothing");
  for (const { state } of caller.messages) assert.equal(state, "taken", "every message is taken in the end");
}
