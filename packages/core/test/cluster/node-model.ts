// A node of a service as the world of plans has it: its machine, and a driver of it that does one small step at a time, so that anything
// can happen between two: reading the epoch, taking over, hearing the answer.
import assert from "node:assert/strict";
import {
  newOwnership,
  type NodeReport,
  type OwnershipEffect,
  type OwnershipInput,
  type OwnershipState,
  placeOf,
  type ServicePlan,
  stepOwnership,
} from "@atoll/core/cluster";
import type { LogModel } from "./log-model.ts";
import type { LaneMessage } from "./caller-model.ts";

type Work =
  | { readonly kind: "acquire"; readonly epoch: number; readonly seen?: number }
  | { readonly kind: "answered"; readonly epoch: number; readonly taken: boolean }
  | { readonly kind: "release" };

export class NodeModel {
  readonly name: string;
  readonly incarnation: string;
  state: OwnershipState;
  alive = true;
  /** Nothing moves in it; what is under way goes on when it is continued. */
  paused = false;
  /** On their way to it, in order. */
  readonly plans: ServicePlan[] = [];
  /** On their way from it, in order. */
  readonly reports: NodeReport[] = [];
  arrivals: LaneMessage[] = [];
  readonly #log: LogModel;
  readonly #work = new Map<number, Work>();
  readonly #acted = new Set<string>();
  /** By partition, the newest grant that was acted upon: what is owned is owned by it, also under an epoch raised since. */
  readonly #grants = new Map<number, number>();
  #held: LaneMessage[] = [];

  constructor(name: string, incarnation: string, log: LogModel) {
    this.name = name;
    this.incarnation = incarnation;
    this.state = newOwnership(incarnation);
    this.#log = log;
  }

  get moves(): boolean {
    return this.alive && !this.paused;
  }

  get hosts(): boolean {
    return this.alive && this.state.report.hosting !== undefined;
  }

  /** The epoch under which it owns the partition as far as anybody could tell: also before it has heard that it took it. */
  epochOf(partition: number): number | undefined {
    const work = this.#work.get(partition);
    if (work?.kind === "answered" && work.taken) return work.epoch;
    const tenure = this.state.tenures[partition];
    return tenure?.kind === "held" || tenure?.kind === "releasing" ? tenure.epoch : undefined;
  }

  grantOf(partition: number): number {
    return this.#grants.get(partition) ?? -1;
  }

  get busy(): readonly number[] {
    return [...this.#work.keys()];
  }

  step(input: OwnershipInput): void {
    const [state, effects] = stepOwnership(this.state, input);
    this.state = state;
    for (const effect of effects) this.#perform(effect);
    const held = this.#held;
    this.#held = [];
    for (const message of held) this.arrive(message);
  }

  /** One small step of what is under way for the partition. `forgetful`: the answer of the log is lost. */
  work(partition: number, forgetful = false): void {
    const work = this.#work.get(partition);
    if (work === undefined) return;
    if (work.kind === "release") {
      this.#work.delete(partition);
      this.step({ kind: "released", partition });
    } else if (work.kind === "answered") {
      this.#work.delete(partition);
      this.#log.reached(work.taken ? "acquired" : "refused");
      this.step({ kind: work.taken ? "acquired" : "refused", partition, epoch: work.epoch });
    } else if (!this.#log.isOpen) {
      this.#work.set(partition, { kind: "acquire", epoch: work.epoch }); // asked again when there is one
    } else if (work.seen === undefined) {
      const seen = this.#log.epochOf(partition);
      this.#work.set(partition, seen >= work.epoch ? { kind: "answered", epoch: seen, taken: false } : { ...work, seen });
    } else {
      const answer = this.#log.takeOver(this, partition, work.seen, work.epoch);
      if (forgetful && answer.taken) this.#log.reached("answer lost");
      if (forgetful || (!answer.taken && answer.epoch < work.epoch)) this.#work.set(partition, { kind: "acquire", epoch: work.epoch });
      else this.#work.set(partition, { kind: "answered", ...answer });
    }
  }

  /** It settles a commit in doubt; who was fenced sees it then. */
  raise(partition: number): void {
    const tenure = this.state.tenures[partition];
    if (!this.#log.isOpen || (tenure?.kind !== "held" && tenure?.kind !== "releasing")) return;
    const { taken, epoch } = this.#log.takeOver(this, partition, tenure.epoch, tenure.epoch + 1);
    this.#log.reached(taken ? "raised" : "fenced");
    this.step({ kind: taken ? "raised" : "lost", partition, epoch });
  }

  /** It appends; who was fenced sees it then. */
  append(partition: number): void {
    const tenure = this.state.tenures[partition];
    const epoch = this.#log.epochOf(partition);
    if (tenure?.kind !== "held" || !this.#log.isOpen || epoch === tenure.epoch) return;
    this.#log.reached("fenced");
    this.step({ kind: "lost", partition, epoch });
  }

  arrive(message: LaneMessage): void {
    const place = placeOf(this.state, message.partition, message.epoch);
    this.#log.reached(typeof place === "string" ? place : "moved");
    if (place === "hold") this.#held.push(message);
    else message.answered(place === "here" ? "taken" : place.moved);
  }

  die(): void {
    this.alive = false;
    for (const message of [...this.#held, ...this.arrivals]) message.lost();
    this.#held = [];
    this.arrivals = [];
  }

  #perform(effect: OwnershipEffect): void {
    if (effect.kind === "report") {
      this.reports.push(effect.report);
      return;
    }
    const { partition } = effect;
    assert(!this.#work.has(partition), "O1: one acquire or release of a partition at a time");
    if (effect.kind === "release") {
      this.#work.set(partition, { kind: "release" });
      return;
    }
    const granted = this.state.plan?.partitions[partition];
    assert(granted?.owner === this.incarnation && granted.epoch === effect.epoch, "O3: only what is granted is acquired");
    const grant = `${partition}@${effect.epoch}`;
    assert(!this.#acted.has(grant), "O2: no grant is acted upon twice");
    this.#acted.add(grant);
    this.#grants.set(partition, effect.epoch);
    this.#work.set(partition, { kind: "acquire", epoch: effect.epoch });
  }
}
