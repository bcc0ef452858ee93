// The nodes of one service, and its registry, which says who hosts the log and who owns its partitions. What happens to a node is told to the
// registry here and nowhere else; what the registry decides is a plan that others carry out (ADR 0030, ADR 0036).
import {
  emptyRegistry,
  hasHeir,
  isEmpty,
  isSettled,
  type NodeReport,
  type PartitionStatus,
  planOf,
  type RegistryInput,
  type RegistryState,
  type ServicePlan,
  statusOf,
  stepRegistry,
} from "@atoll/core/cluster";
import { type Course, newCourse } from "./course.ts";
import { emptySlot, isHeard, isOver, isRunning, isStopped, type Slot } from "./slot.ts";

/** Of a service. */
export const nodesMax = 32;

export class ServiceNodes {
  readonly service: string;
  readonly #slots: Slot[] = [];
  #registry: RegistryState = emptyRegistry;
  /** When the system stops nothing is given to anybody any more. */
  #frozen = false;

  constructor(service: string) {
    this.service = service;
  }

  /** By number; a successor follows the one whose place it takes. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  get running(): readonly Slot[] {
    return this.#slots.filter(isRunning);
  }

  get heard(): readonly Slot[] {
    return this.#slots.filter(isHeard);
  }

  /** That are to run. */
  get wanted(): readonly Slot[] {
    return this.#slots.filter((slot) => !isStopped(slot) && !slot.going);
  }

  /** A node under the lowest free number. */
  add(): Slot {
    const taken = new Set(this.#slots.map(numberOf));
    let number = 1;
    while (taken.has(number)) number += 1;
    return this.#insert(emptySlot(this.service, `${this.service}-${number}`, newCourse));
  }

  addSuccessor({ node }: Slot, course: Course): Slot {
    return this.#insert(emptySlot(this.service, node, course));
  }

  #insert(slot: Slot): Slot {
    const after = this.#slots.findLastIndex((other) => numberOf(other) <= numberOf(slot));
    this.#slots.splice(after + 1, 0, slot);
    return slot;
  }

  /** It has ended, and is not to come again. */
  remove(slot: Slot): void {
    const at = this.#slots.indexOf(slot);
    if (at >= 0) this.#slots.splice(at, 1);
  }

  /** Of this name; of two processes the one that is to stay. */
  named(node: string): Slot | undefined {
    return this.#slots.findLast((slot) => slot.node === node);
  }

  // ── what the registry hears and says ────────────────────────────────────────────────────────────────────────────

  get plan(): ServicePlan {
    return planOf(this.#registry);
  }

  /** Whether the plan has changed by it. */
  joined({ node, place }: Slot): boolean {
    return place !== undefined && this.#tell({ kind: "joined", node, incarnation: place.identity.incarnation });
  }

  became(kind: "running" | "draining" | "silent" | "heard" | "ended", { place }: Slot): boolean {
    return place !== undefined && this.#tell({ kind, incarnation: place.identity.incarnation });
  }

  reported({ place }: Slot, report: NodeReport): boolean {
    return place !== undefined && this.#tell({ kind: "report", incarnation: place.identity.incarnation, report });
  }

  moved(partition: number, { place }: Slot): boolean {
    return place !== undefined && this.#tell({ kind: "move", partition, incarnation: place.identity.incarnation });
  }

  freeze(): void {
    this.#frozen = true;
  }

  #tell(input: RegistryInput): boolean {
    const before = this.plan;
    if (!this.#frozen) this.#registry = stepRegistry(this.#registry, input);
    return this.plan !== before;
  }

  /** None where the service has no log, or has not said so yet. */
  get partitions(): readonly PartitionStatus[] {
    return statusOf(this.#registry);
  }

  get hasLog(): boolean {
    return this.plan.partitions.length > 0;
  }

  /** Where the log is open, or is to be. */
  get host(): Slot | undefined {
    return this.#slots.find(({ place }) => place !== undefined && place.identity.incarnation === this.plan.host);
  }

  isHost(slot: Slot): boolean {
    return this.hasLog && this.host === slot;
  }

  /** Whether nobody would miss it: what it had is with others, or nobody is there who could take it. */
  mayEnd({ place }: Slot): boolean {
    const incarnation = place?.identity.incarnation ?? "";
    return isEmpty(this.#registry, incarnation) || !hasHeir(this.#registry, incarnation);
  }

  /** Nothing is on its way: every node that is to run does, and every partition is where it is to be. */
  get isSettled(): boolean {
    return this.#slots.every((slot) => isRunning(slot) || isOver(slot)) && (!this.hasLog || isSettled(this.#registry));
  }
}

const numberOf = ({ service, node }: Slot): number => Number(node.slice(service.length + 1));
