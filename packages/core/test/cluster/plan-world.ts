// A registry, the nodes of its service, their log and a caller of them, all that is said between them on its way for as long as it
// pleases whoever chooses: nodes that join, drain, die, are paused, accused of silence and heard again, raise their epochs, lose answers
// of the log. Checks G1, G2, G5, G6, O1, O2, and of all of it together: one writer, take-over only with cause.
import assert from "node:assert/strict";
import {
  emptyRegistry,
  leavingMax,
  type NodeReport,
  planOf,
  type RegistryInput,
  type RegistryState,
  stepRegistry,
} from "@atoll/core/cluster";
import { CallerModel, LaneMessage } from "./caller-model.ts";
import { LogModel } from "./log-model.ts";
import { NodeModel } from "./node-model.ts";

export const nodesMax = 5;

export class PlanWorld {
  registry: RegistryState = emptyRegistry;
  readonly nodes: NodeModel[] = [];
  readonly log: LogModel;
  readonly caller = new CallerModel();
  /** Grants made, by what gave cause to them. */
  readonly grants = { first: 0, ended: 0, silent: 0, over: 0 };
  /** Partitions that were asked to leave, so far. */
  leavings = 0;
  readonly #ended = new Set<string>();
  readonly #silent = new Set<string>();
  readonly #reported = new Map<string, NodeReport>();
  /** By partition and incarnation: the newest grant at the time when the node was last taken for silent. */
  readonly #excused = new Map<string, number>();
  readonly #highest = new Map<number, number>();

  constructor(partitions: number) {
    this.log = new LogModel(partitions, this.nodes, (node, p) => node.grantOf(p) <= (this.#excused.get(`${p} ${node.incarnation}`) ?? -2));
  }

  get living(): readonly NodeModel[] {
    return this.nodes.filter(({ alive }) => alive);
  }

  isSilent(incarnation: string): boolean {
    return this.#silent.has(incarnation);
  }

  join(): NodeModel {
    const node = new NodeModel(`n-${this.nodes.length + 1}`, `life-${this.nodes.length + 1}`, this.log);
    this.nodes.push(node);
    node.plans.push(planOf(this.registry));
    this.tell({ kind: "joined", node: node.name, incarnation: node.incarnation });
    return node;
  }

  kill(node: NodeModel): void {
    node.die();
    this.#ended.add(node.incarnation);
    this.tell({ kind: "ended", incarnation: node.incarnation });
  }

  accuse(node: NodeModel): void {
    this.#silent.add(node.incarnation);
    for (const p of this.log.epochs.keys()) this.#excused.set(`${p} ${node.incarnation}`, this.#highest.get(p) ?? -1);
    this.tell({ kind: "silent", incarnation: node.incarnation });
  }

  hear(node: NodeModel): void {
    this.#silent.delete(node.incarnation);
    this.tell({ kind: "heard", incarnation: node.incarnation });
  }

  /** The next report of the node arrives; also of one that has died since. */
  report(node: NodeModel): boolean {
    const report = node.reports.shift();
    if (report === undefined) return false;
    const before = this.registry;
    if (node.alive) this.#reported.set(node.incarnation, report);
    this.tell({ kind: "report", incarnation: node.incarnation, report });
    if (!node.alive) assert.equal(this.registry, before, "G7: what a node said that has ended changes nothing");
    return true;
  }

  plan(node: NodeModel): boolean {
    const plan = node.moves ? node.plans.shift() : undefined;
    if (plan) node.step({ kind: "plan", plan });
    return plan !== undefined;
  }

  /** The node opens the log, if it is to and nobody else has it open, or looks at its epochs again. */
  host(node: NodeModel): boolean {
    if (!node.moves || (!node.hosts && (node.state.plan?.host !== node.incarnation || this.nodes.some(({ hosts }) => hosts)))) return false;
    const before = node.state.report;
    node.step({ kind: "hosting", epochs: this.log.epochs });
    return node.state.report !== before;
  }

  ask(partition: number): void {
    this.caller.messages.push(new LaneMessage(partition));
  }

  send(): boolean {
    return this.caller.send((to, message) => {
      const node = this.nodes.find(({ incarnation, alive }) => incarnation === to && alive);
      node?.arrivals.push(message);
      return node !== undefined;
    });
  }

  arrive(node: NodeModel): boolean {
    const message = node.moves ? node.arrivals.shift() : undefined;
    if (message) node.arrive(message);
    return message !== undefined;
  }

  tell(input: RegistryInput): void {
    const before = this.registry;
    this.registry = stepRegistry(before, input);
    const plan = planOf(this.registry);
    if (plan === planOf(before)) return;
    assert.notDeepEqual(plan, planOf(before), "G7: a plan that says the same is the same");
    this.#check(before);
    for (const node of this.living) node.plans.push(plan);
    this.caller.plans.push(plan);
  }

  #check(before: RegistryState): void {
    const [was, is] = [planOf(before), planOf(this.registry)];
    if (is.host !== was.host) assert(was.host === undefined || this.#ended.has(was.host), "G6: a host is kept while it lives");
    let leaving = 0;
    for (const [p, { owner, epoch, leaving: leaves }] of is.partitions.entries()) {
      const old = was.partitions[p];
      if (leaves && owner !== undefined && !this.#silent.has(owner)) leaving += 1;
      if (leaves && !old?.leaving) this.leavings += 1;
      if (old && old.owner === owner && old.epoch === epoch) {
        assert(leaves || !old.leaving, "G5: who was asked to leave, leaves");
        if (leaves && !old.leaving)
          assert(owner !== undefined && !this.#ended.has(owner) && !this.#silent.has(owner), "G5: only the living are asked");
        continue;
      }
      if (owner === undefined) continue;
      assert(epoch > (this.#highest.get(p) ?? -1), "G1: epochs of grants rise");
      for (const report of this.#reported.values()) assert(epoch > (report.hosting?.epochs[p] ?? -1), "G1: above what was reported");
      this.#highest.set(p, epoch);
      this.grants[this.#causeOf(p, old)] += 1;
    }
    assert(leaving <= leavingMax, "G5: few leave at a time");
  }

  #causeOf(partition: number, old: { readonly owner: string | undefined; readonly epoch: number } | undefined): keyof PlanWorld["grants"] {
    if (old?.owner === undefined) return "first";
    if (this.#ended.has(old.owner)) return "ended";
    if (this.#silent.has(old.owner)) return "silent";
    const standing = this.#reported.get(old.owner)?.standing[partition];
    assert(standing && !standing.holds && standing.epoch >= old.epoch, "G2: nobody loses a grant without cause");
    return "over";
  }
}
