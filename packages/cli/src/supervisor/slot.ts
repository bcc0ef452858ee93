// One node of a service, as its supervisor has it: the course of its life, and the process that it has at the moment.
import { type Beats, newBeats } from "./beats.ts";
import type { Child } from "./child.ts";
import { type Course, type NodeState, stateOf } from "./course.ts";
import type { Place } from "./places.ts";

export interface Slot {
  readonly service: string;
  /** Of a successor that is started ahead: the name of the one whose place it takes. */
  readonly node: string;
  course: Course;
  /** Once it has stopped it is forgotten. */
  going: boolean;
  child: Child | undefined;
  /** Of the present process, as all that follows. */
  place: Place | undefined;
  beats: Beats;
  /** It has its assignment. */
  begun: boolean;
  /** It has said that it listens. */
  listening: boolean;
  /** It was told to take nothing more. */
  leaving: boolean;
}

/** A row of `atoll ps`. */
export interface NodeStatus {
  readonly service: string;
  readonly node: string;
  /** Null while there is no process. */
  readonly pid: number | null;
  readonly state: NodeState;
  readonly restarts: number;
  /** Of the present process. */
  readonly uptime_ms: number;
  /** Why it has failed, or is not asked although it runs. */
  readonly reason?: string;
}

export const emptySlot = (service: string, node: string, course: Course): Slot => ({
  service,
  node,
  course,
  going: false,
  child: undefined,
  place: undefined,
  beats: newBeats,
  begun: false,
  listening: false,
  leaving: false,
});

export const isRunning = ({ course }: Slot): boolean => course.phase.kind === "running";
/** It runs, and is not silent. */
export const isHeard = (slot: Slot): boolean => isRunning(slot) && !slot.beats.silent;
export const isStopped = ({ course }: Slot): boolean => course.phase.kind === "stopped";
/** It will not run by itself any more. */
export const isOver = ({ course: { phase } }: Slot): boolean => phase.kind === "failed" || phase.kind === "stopped";

export function statusOfNode(slot: Slot): NodeStatus {
  const { service, node, course, child, beats } = slot;
  const reason = course.phase.kind === "failed" ? course.phase.reason : isRunning(slot) && beats.silent ? silence : undefined;
  return {
    service,
    node,
    pid: child?.pid ?? null,
    state: stateOf(course),
    restarts: course.restarts,
    uptime_ms: child ? Math.round(performance.now() - child.startedMs) : 0,
    ...(reason === undefined ? {} : { reason }),
  };
}

const silence = "it gives no sign of life: others do its work";

/** Why it does not run, as a sentence. */
export function whyNot({ service, node, course }: Slot): string {
  if (course.phase.kind === "failed") return `service "${service}" has failed: ${course.phase.reason}`;
  if (course.refusal !== undefined) return course.refusal;
  return `node "${node}" is not running, but ${stateOf(course)}: ask again`;
}
