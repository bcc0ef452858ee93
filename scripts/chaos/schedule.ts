// What is done to a system, and when: pure, the same for the same seed. Which process it meets depends on what is there by then, and so
// do the numbers between 0 and 1 that choose among them.

export type Act =
  /** SIGKILL. */
  | { readonly kind: "kill"; readonly atMs: number; readonly service: string; readonly choice: number }
  /** SIGSTOP, and SIGCONT after `forMs`. */
  | { readonly kind: "pause"; readonly atMs: number; readonly service: string; readonly choice: number; readonly forMs: number }
  | { readonly kind: "restart"; readonly atMs: number; readonly service: string }
  | { readonly kind: "scale"; readonly atMs: number; readonly service: string; readonly to: number }
  /** `choice` of a partition, `nodeChoice` of the node that is to have it. */
  | { readonly kind: "move"; readonly atMs: number; readonly service: string; readonly choice: number; readonly nodeChoice: number };

export type ActKind = Act["kind"];

export interface ScheduleInit {
  readonly random: () => number;
  readonly lengthMs: number;
  /** That are killed, paused and restarted. */
  readonly services: readonly string[];
  /** That is killed as well. It is not paused: nobody else can answer then. */
  readonly gateway: string;
  /** That are scaled, and whose partitions are moved. */
  readonly scaled: readonly string[];
}

const killEveryMs = 2_000;
const pauseEveryMs = 30_000;
const pausedMs = 20_000;
const restartEveryMs = 20_000;
const moveEveryMs = 5_000;
/** Each scaled service goes to three nodes and back to one in that time. */
const scaleEveryMs = 60_000;

/** In the order in which they are due. */
export function scheduleOf({ random, lengthMs, services, gateway, scaled }: ScheduleInit): readonly Act[] {
  const acts: Act[] = [];
  const one = (of: readonly string[]): string => of[Math.floor(random() * of.length)] as string;
  /** One act in every `everyMs`, at a moment of its own in the first three quarters of it. */
  const every = (everyMs: number, act: (atMs: number) => Act): void => {
    for (let fromMs = 0; fromMs < lengthMs; fromMs += everyMs) {
      const atMs = fromMs + random() * 0.75 * everyMs;
      if (atMs < lengthMs) acts.push(act(atMs));
    }
  };
  for (let atMs = killEveryMs; atMs < lengthMs; atMs += killEveryMs)
    acts.push({ kind: "kill", atMs, service: one([...services, gateway]), choice: random() });
  every(pauseEveryMs, (atMs) => ({ kind: "pause", atMs, service: one(services), choice: random(), forMs: pausedMs }));
  every(restartEveryMs, (atMs) => ({ kind: "restart", atMs, service: one(services) }));
  every(moveEveryMs, (atMs) => ({ kind: "move", atMs, service: one(scaled), choice: random(), nodeChoice: random() }));
  // A run that is shorter than a cycle has a short one.
  const cycleMs = Math.min(scaleEveryMs, lengthMs);
  for (const service of scaled) {
    for (let fromMs = 0; fromMs + cycleMs <= lengthMs; fromMs += cycleMs) {
      acts.push(
        { kind: "scale", atMs: fromMs + (0.02 + random() * 0.13) * cycleMs, service, to: 3 },
        { kind: "scale", atMs: fromMs + (0.65 + random() * 0.15) * cycleMs, service, to: 1 },
      );
    }
  }
  return acts.sort((a, b) => a.atMs - b.atMs);
}
