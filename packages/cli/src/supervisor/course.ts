// The life of one node as its supervisor sees it: whether a process is there, when the next one is started, when no more is.
// Pure: (course, input) → course and effects; processes, timers and the log belong to the supervisor (ADR 0029). A successor that is
// started while the one before still runs has a course of its own, which goes on counting (ADR 0036).
//
//  P1  one process    A process is started only when the end of the one before it has been seen.
//  P2  again          What ends without having been asked to is started again: after `backoff.firstMs` if it had been running, else after
//                     a pause that grows with every start in a row that has failed, and is at most `backoff.maxMs`.
//  P3  intensity      More than `earlyEndsMax` early ends within `withinMs`, and the node has failed, with the last reason, until
//                     somebody restarts it. Early is: before it has been running for `steadyMs`. So a node that serves between
//                     its ends is always started again, and one that cannot come up is not tried for ever.
//  P4  old news       What is told of any process but the present one changes nothing.
//  P5  stopped        After `stop` nothing is started.
import { backoffMs, type Backoff } from "@atoll/core/runtime";

/** As `atoll ps` shows it. A node that pauses before its next process is starting. */
export type NodeState = "starting" | "running" | "draining" | "stopped" | "failed";

type Phase =
  /** No process: the next one is started when the pause is over. */
  | { readonly kind: "pausing" }
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly sinceMs: number }
  /** Asked to end; `next` is what comes after that. */
  | { readonly kind: "draining"; readonly next: "start" | "rest" }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly reason: string };

export interface Course {
  readonly phase: Phase;
  /** Of the process that is there, or was last; 0 before the first. */
  readonly process: number;
  /** Processes after the first. */
  readonly restarts: number;
  /** Starts in a row that have failed. */
  readonly failures: number;
  /** When the early ends were that still count. At most `earlyEndsMax` and one. */
  readonly earlyEnds: readonly number[];
  /** What the present process has said against its start. */
  readonly refusal: string | undefined;
}

export interface RestartLimits {
  readonly backoff: Backoff;
  readonly steadyMs: number;
  readonly earlyEndsMax: number;
  readonly withinMs: number;
}

export const restartLimits: RestartLimits = {
  backoff: { firstMs: 50, maxMs: 1_000 },
  steadyMs: 5_000,
  earlyEndsMax: 10,
  withinMs: 60_000,
};

export type Input =
  | { readonly kind: "start" }
  /** The process listens: it has said so. */
  | { readonly kind: "running"; readonly process: number }
  /** It cannot start, and says why; its end follows. */
  | { readonly kind: "refused"; readonly process: number; readonly why: string }
  /** `jitter`: 0 to 1. */
  | { readonly kind: "ended"; readonly process: number; readonly how: string; readonly jitter: number }
  /** The pause after that process is over. */
  | { readonly kind: "due"; readonly process: number }
  | { readonly kind: "restart" }
  | { readonly kind: "stop" };

export type Effect =
  | { readonly kind: "spawn"; readonly process: number }
  | { readonly kind: "drain"; readonly process: number }
  /** Then `due` with the number of this process. */
  | { readonly kind: "pause"; readonly process: number; readonly ms: number }
  | { readonly kind: "tell"; readonly level: "info" | "warn" | "error"; readonly event: string; readonly fields: object };

export interface Step {
  readonly course: Course;
  readonly effects: readonly Effect[];
}

export const newCourse: Course = {
  phase: { kind: "stopped" },
  process: 0,
  restarts: 0,
  failures: 0,
  earlyEnds: [],
  refusal: undefined,
};

/** Of a process that is started ahead, to take the place of another course's. */
export const successorOf = ({ restarts }: Course): Course => ({ ...newCourse, restarts: restarts + 1 });

export function stateOf({ phase: { kind } }: Course): NodeState {
  return kind === "pausing" ? "starting" : kind;
}

export function step(course: Course, input: Input, nowMs: number, limits: RestartLimits = restartLimits): Step {
  if ("process" in input && input.process !== course.process) return same(course); // P4
  switch (input.kind) {
    case "start":
      return course.phase.kind === "stopped" ? spawned(course) : same(course);
    case "running":
      if (course.phase.kind !== "starting") return same(course);
      return told({ ...course, phase: { kind: "running", sinceMs: nowMs } }, "info", "node.running", { process: course.process });
    case "refused":
      return same({ ...course, refusal: input.why });
    case "ended":
      return ended(course, input, nowMs, limits);
    case "due":
      return course.phase.kind === "pausing" ? spawned(course) : same(course);
    case "restart":
      return restarted(course);
    case "stop":
    default:
      return stopped(course);
  }
}

const same = (course: Course): Step => ({ course, effects: [] });

const told = (course: Course, level: "info" | "warn" | "error", event: string, fields: object): Step => ({
  course,
  effects: [{ kind: "tell", level, event, fields }],
});

function spawned(course: Course): Step {
  const process = course.process + 1;
  const restarts = course.restarts + (course.process === 0 ? 0 : 1);
  return {
    course: { ...course, phase: { kind: "starting" }, process, restarts, refusal: undefined },
    effects: [{ kind: "spawn", process }],
  };
}

function ended(course: Course, { how, jitter }: Extract<Input, { kind: "ended" }>, nowMs: number, limits: RestartLimits): Step {
  const { phase, refusal } = course;
  if (phase.kind === "draining")
    return phase.next === "start" ? spawned(course) : told({ ...course, phase: { kind: "stopped" } }, "info", "node.stopped", { how });
  if (phase.kind !== "starting" && phase.kind !== "running") return same(course); // its end is known
  const steady = phase.kind === "running" && nowMs - phase.sinceMs >= limits.steadyMs;
  const earlyEnds = course.earlyEnds.filter((atMs) => nowMs - atMs < limits.withinMs);
  if (!steady) earlyEnds.push(nowMs);
  const failures = phase.kind === "running" ? 0 : course.failures + 1;
  const reason = refusal ?? how;
  if (earlyEnds.length > limits.earlyEndsMax) {
    const why = `it has ended ${earlyEnds.length} times within ${limits.withinMs / 1_000} s, before it had run for ${limits.steadyMs / 1_000} s; the last time: ${reason}`;
    return told({ ...course, phase: { kind: "failed", reason: why }, failures, earlyEnds }, "error", "node.failed", { reason: why });
  }
  const ms = Math.round(backoffMs(limits.backoff, failures + 1, () => jitter));
  return {
    course: { ...course, phase: { kind: "pausing" }, failures, earlyEnds },
    effects: [
      { kind: "tell", level: "warn", event: "node.ended", fields: { reason, early: earlyEnds.length, again_ms: ms } },
      { kind: "pause", process: course.process, ms },
    ],
  };
}

/** Whoever asks for it has seen why: what was counted is forgotten. */
function restarted(course: Course): Step {
  const forgiven: Course = { ...course, failures: 0, earlyEnds: [] };
  switch (course.phase.kind) {
    case "running":
      return {
        course: { ...forgiven, phase: { kind: "draining", next: "start" } },
        effects: [
          { kind: "tell", level: "info", event: "node.restarting", fields: {} },
          { kind: "drain", process: course.process },
        ],
      };
    case "pausing":
    case "failed":
      return spawned(forgiven);
    case "starting": // what is being started is new
    case "draining":
    case "stopped":
    default:
      return same(course);
  }
}

function stopped(course: Course): Step {
  switch (course.phase.kind) {
    case "starting":
    case "running":
      return {
        course: { ...course, phase: { kind: "draining", next: "rest" } },
        effects: [{ kind: "drain", process: course.process }],
      };
    case "draining":
      return same({ ...course, phase: { kind: "draining", next: "rest" } });
    case "pausing":
    case "stopped":
    case "failed":
    default:
      return same({ ...course, phase: { kind: "stopped" } });
  }
}
