// One hand-over between actors: what the driver chooses among, runs, and writes to the trace.
import type { Timer } from "../runtime.ts";

export type EventKind = "soon" | "endOfTurn" | "timer";

/** The process that handed an event over and runs it. */
export interface EventOwner {
  readonly state: "running" | "paused" | "crashed";
  /** The event can run from now on. */
  arrive(event: VirtualEvent): void;
  /** The event will not run. */
  cancel(event: VirtualEvent): void;
}

export class VirtualEvent implements Timer {
  /** Counts hand-overs of the world, from 1: with the choices of the seed it identifies a schedule. */
  readonly id: number;
  readonly owner: EventOwner;
  readonly kind: EventKind;
  readonly task: () => void;
  /** World time, whole ms; for timers only. */
  readonly dueMs: number;
  /** Position in the heap of timers, -1 while it is not there. */
  heapIndex = -1;
  cancelled = false;

  constructor(id: number, owner: EventOwner, kind: EventKind, task: () => void, dueMs: number) {
    this.id = id;
    this.owner = owner;
    this.kind = kind;
    this.task = task;
    this.dueMs = dueMs;
  }

  cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.owner.cancel(this);
  }
}
