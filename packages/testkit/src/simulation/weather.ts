// What goes wrong in one run: carried out between two events, and written down as it happens, for people and as a schedule that
// repeats it (schedule.ts). Moments are counted in events of the world, because that is what a program consists of; virtual
// time stands still while it works. Nothing here is an event itself: writing down changes nothing.
import { Failure } from "@atoll/core";
import type { FaultPlan } from "@atoll/core/journal/simulated";
import type { VirtualWorld } from "@atoll/core/runtime/virtual";
import { diskFaultKind, type Fate } from "./fate.ts";
import type { Machine } from "./machine.ts";
import type { Repeat, ScheduledFault } from "./schedule.ts";
import type { Story } from "./story.ts";
import { type Fault, faultKinds } from "./world.ts";

/** Lines of the schedule that are kept for people. */
const linesMax = 200;

export interface WeatherInit {
  readonly world: VirtualWorld;
  readonly fate: Fate;
  readonly story: Story | undefined;
}

export class Weather {
  /** What has happened, oldest first. */
  readonly lines: string[] = [];
  /** The same as data, in full: with it the run can be repeated. */
  readonly schedule: ScheduledFault[] = [];
  /** The kinds that have happened at least once. */
  readonly seen = new Set<Fault>();
  /** Where the faults ended; undefined while they may go on. */
  ended: { readonly steps: number; readonly timeMs: number } | undefined;
  readonly #world: VirtualWorld;
  readonly #fate: Fate;
  readonly #story: Story | undefined;
  #commands = 0;

  constructor({ world, fate, story }: WeatherInit) {
    this.#world = world;
    this.#fate = fate;
    this.#story = story;
  }

  /** Between two events: whatever is due now happens. */
  tick(machine: Machine): void {
    const { ageSteps } = machine;
    if (this.ended || ageSteps === undefined) return;
    const { steps, timeMs } = this.#world;
    const crash = this.#fate.crash({ steps, timeMs, ageSteps });
    if (!crash) return;
    this.schedule.push({ fault: "crash", step: steps, downMs: crash.downMs });
    this.#happened("crash", `${machine.process?.label} dies${machine.up ? "" : " while it starts"}, for ${crash.downMs} ms`);
    machine.crash(crash.downMs);
  }

  /** Asked once per command: when it is to be delivered once more. Undefined: never. */
  duplicate(): Repeat | undefined {
    if (this.ended) return undefined;
    this.#commands += 1;
    const again = this.#fate.repeat(this.#commands);
    if (again) this.schedule.push({ fault: "duplicate", command: this.#commands, again });
    return again;
  }

  duplicated(what: string): void {
    this.#happened("duplicate", `${what} is delivered once more`);
  }

  /** What goes wrong with the journals of a run, by service: to be asked once per service, and used by all its lives. */
  planFor(service: string): FaultPlan {
    let call = 0;
    return {
      next: (operation) => {
        call += 1;
        const fault = this.ended ? undefined : this.#fate.diskFault(service, call, operation);
        if (!fault) return undefined;
        const kind = diskFaultKind(fault);
        this.schedule.push({ fault: kind, service, call, how: fault });
        this.#happened(kind, `journal of ${service}, call ${call} (${operation}): ${JSON.stringify(fault)}`);
        return fault;
      },
    };
  }

  /** From now on nothing goes wrong. What is late may still arrive. */
  clear(): void {
    if (this.ended) return;
    const { steps, timeMs } = this.#world;
    this.ended = { steps, timeMs };
    this.#world.note("faults end");
    this.#story?.tell("world", "faults end: from here on it has to come to rest");
  }

  #happened(kind: Fault, what: string): void {
    this.seen.add(kind);
    const { steps, timeMs } = this.#world;
    this.#world.note(`${kind}: ${what}`);
    this.#story?.tell("FAULT", `${kind}: ${what}`);
    if (this.lines.length < linesMax) this.lines.push(`${String(steps).padStart(7)}  ${String(timeMs).padStart(9)} ms  ${kind}: ${what}`);
    else if (this.lines.length === linesMax) this.lines.push("… and more");
  }
}

/** Throws INVALID_DEFINITION for what is no fault here. */
export function checkFaults(faults: readonly string[]): void {
  const known: readonly string[] = faultKinds;
  for (const fault of faults) {
    if (known.includes(fault)) continue;
    throw new Failure("INVALID_DEFINITION", {
      what: `"${fault}" is no fault of one process: those are ${known.join(", ")}`,
      at: "simulate",
    });
  }
}
