// Where the faults of a run come from: drawn from its seed, or read from a schedule. Nothing here draws from a stream that
// anything else draws from, so that a run with a schedule meets the same world as the run that wrote it down.
import {
  type Fault as JournalFault,
  type FaultPlan,
  type FaultRates,
  type JournalOperation,
  noFaults,
  randomFaults,
} from "@atoll/core/journal/simulated";
import { seededRandom } from "@atoll/core/runtime/virtual";
import type { Repeat, Schedule } from "./schedule.ts";
import type { Fault } from "./world.ts";

/** Where a run is. */
export interface Moment {
  readonly steps: number;
  readonly timeMs: number;
  /** Events of the living process, its start included. */
  readonly ageSteps: number;
}

export interface Fate {
  /** Between two events, while there is a process: it dies now, for so long. */
  crash(moment: Moment): { readonly downMs: number } | undefined;
  /** `command`: 1 for the first. */
  repeat(command: number): Repeat | undefined;
  /** `call`: 1 for the first of this service. */
  diskFault(service: string, call: number, operation: JournalOperation): JournalFault | undefined;
}

/** The kind that people know a fault of the disk by. */
export const diskFaultKind = ({ kind }: JournalFault): "slow-disk" | "failing-disk" => (kind === "slow" ? "slow-disk" : "failing-disk");

/** Exactly the faults of a schedule. */
export function plannedFate(schedule: Schedule): Fate {
  const crashes = schedule.filter((entry) => entry.fault === "crash").toSorted((a, b) => a.step - b.step);
  const repeats = new Map(schedule.flatMap((entry) => (entry.fault === "duplicate" ? [[entry.command, entry.again] as const] : [])));
  const calls = new Map(
    schedule.flatMap((entry) =>
      entry.fault === "slow-disk" || entry.fault === "failing-disk" ? [[`${entry.service} ${entry.call}`, entry.how] as const] : [],
    ),
  );
  let next = 0;
  return {
    crash({ steps }) {
      const crash = crashes[next];
      if (!crash || steps < crash.step) return undefined;
      next += 1;
      return crash;
    },
    repeat: (command) => repeats.get(command),
    diskFault: (service, call) => calls.get(`${service} ${call}`),
  };
}

interface Crash {
  /** Events that the process lives, its start included. */
  readonly afterSteps: number;
  readonly downMs: number;
}

/** From an event of the run on the disk is in another mood: until one fault has come of it, or for a while. */
interface Mood {
  readonly afterSteps: number;
  readonly lasts: "one fault" | { readonly ms: number };
  readonly kind: Fault;
  readonly rates: Partial<FaultRates>;
}

interface Forecast {
  readonly crashes: readonly Crash[];
  /** In the order in which they come. */
  readonly moods: readonly Mood[];
  /** Between moods. */
  readonly rates: FaultRates;
  /** Chance that a command is delivered twice. */
  readonly duplicates: number;
}

/**
 * Faults of one run. Few and short enough that a call with ten seconds finds calm between them, and that a start, which asks the
 * journal for every partition, succeeds before long.
 */
const crashesMax = 3;
const glitchesMax = 8;
const stormsMax = 2;
const downMsMax = 500;
const stormMsMax = 1_000;
/** A crash soon after a start falls into the recovery. */
const earlyStepsMax = 60;

/** Drawn from the seed, within the events of a run without faults. */
export class DrawnFate implements Fate {
  readonly #forecast: Forecast;
  readonly #random: () => number;
  readonly #draws: FaultPlan;
  #rates: FaultRates;
  #crashes = 0;
  /** Moods that have begun. */
  #moods = 0;
  /** The present mood ends with a fault of this kind, or at this time (virtual ms). */
  #ends: { readonly with: Fault } | { readonly atMs: number } | undefined;

  constructor(seed: number, faults: readonly Fault[], calmSteps: number) {
    const random = seededRandom(seed, "weather");
    this.#random = () => random.next();
    this.#forecast = forecast(faults, calmSteps, this.#random);
    this.#rates = this.#forecast.rates;
    this.#draws = randomFaults(() => this.#rates, seededRandom(seed, "disk faults"));
  }

  crash({ steps, timeMs, ageSteps }: Moment): Crash | undefined {
    if (this.#ends && "atMs" in this.#ends && timeMs >= this.#ends.atMs) this.#usual();
    const mood = this.#forecast.moods[this.#moods];
    if (mood && steps >= mood.afterSteps) this.#turn(mood, timeMs);
    const crash = this.#forecast.crashes[this.#crashes];
    if (!crash || ageSteps < crash.afterSteps) return undefined;
    this.#crashes += 1;
    return crash;
  }

  repeat(): Repeat | undefined {
    if (this.#random() >= this.#forecast.duplicates) return undefined;
    const draw = this.#random();
    if (draw < 0.6) return draw < 0.35 ? "at once" : "after the answer";
    return { afterMs: Math.ceil(this.#random() * (draw < 0.85 ? 20 : 2_000)) };
  }

  diskFault(_service: string, _call: number, operation: JournalOperation): JournalFault | undefined {
    const fault = this.#draws.next(operation);
    if (fault && this.#ends && "with" in this.#ends && this.#ends.with === diskFaultKind(fault)) this.#usual();
    return fault && whole(fault);
  }

  #turn({ kind, lasts, rates }: Mood, timeMs: number): void {
    this.#moods += 1;
    this.#rates = { ...noFaults, ...rates };
    this.#ends = lasts === "one fault" ? { with: kind } : { atMs: timeMs + lasts.ms };
  }

  #usual(): void {
    this.#ends = undefined;
    this.#rates = this.#forecast.rates;
  }
}

/** Times in whole milliseconds, as timers take them. */
function whole(fault: JournalFault): JournalFault {
  if (fault.kind === "slow") return { ...fault, delayMs: Math.ceil(fault.delayMs) };
  if (fault.kind !== "late" || typeof fault.until !== "object" || !("delayMs" in fault.until)) return fault;
  return { ...fault, until: { delayMs: Math.ceil(fault.until.delayMs) } };
}

function forecast(faults: readonly Fault[], calmSteps: number, random: () => number): Forecast {
  const has = (fault: Fault): boolean => faults.includes(fault);
  const upTo = (max: number): number => random() * max;
  const times = (max: number): number => Math.floor(upTo(max + 1));
  const within = (): number => 1 + Math.floor(upTo(calmSteps));
  // Every draw is made whether its fault is wanted or not, so that leaving one kind out leaves the others where they were.
  const crashes = Array.from({ length: times(crashesMax) }, (_, i) => ({
    afterSteps: i > 0 && random() < 0.3 ? 1 + Math.floor(upTo(earlyStepsMax)) : within(),
    downMs: random() < 0.3 ? 0 : Math.ceil(upTo(random() < 0.5 ? 50 : downMsMax)),
  }));
  const duplicates = upTo(0.5);
  const slow = { slow: upTo(0.3), slowMsMax: 5 + upTo(95) };
  const glitches = Array.from({ length: times(glitchesMax) }, (): Mood => ({
    afterSteps: within(),
    lasts: "one fault",
    ...oneOf(glitchKinds, random),
  }));
  const storms = Array.from({ length: times(stormsMax) }, (): Mood => ({
    afterSteps: within(),
    lasts: { ms: 50 + upTo(stormMsMax - 50) },
    ...oneOf(stormKinds, random),
  }));
  return {
    crashes: has("crash") ? crashes : [],
    duplicates: has("duplicate") ? duplicates : 0,
    rates: has("slow-disk") ? { ...noFaults, ...slow } : noFaults,
    moods: [...glitches, ...storms].filter(({ kind }) => has(kind)).toSorted((a, b) => a.afterSteps - b.afterSteps),
  };
}

type Kind = Pick<Mood, "kind" | "rates">;

const glitchKinds: readonly Kind[] = [
  { kind: "failing-disk", rates: { failed: 1 } },
  { kind: "failing-disk", rates: { full: 1 } },
  { kind: "failing-disk", rates: { ambiguous: 1 } },
  { kind: "failing-disk", rates: { late: 1, lateMsMax: 20 } },
  { kind: "failing-disk", rates: { late: 1, lateMsMax: 2_000 } },
  { kind: "slow-disk", rates: { slow: 1, slowMsMax: 1_000 } },
];

const stormKinds: readonly Kind[] = [
  { kind: "failing-disk", rates: { failed: 1 } },
  { kind: "failing-disk", rates: { full: 1 } },
  { kind: "failing-disk", rates: { ambiguous: 0.6, late: 0.3, lateMsMax: 1_000 } },
  { kind: "slow-disk", rates: { slow: 1, slowMsMax: 300 } },
];

const oneOf = (kinds: readonly Kind[], random: () => number): Kind => kinds[Math.floor(random() * kinds.length)] as Kind;
