// When a victim dies: after lives of random length, now and then while it starts again.
import { setTimeout as pause } from "node:timers/promises";
import type { Victim } from "./victim.ts";

export interface Killing {
  readonly endMs: number;
  readonly victim: Victim;
  readonly random: () => number;
  /** How long it lives once it listens (ms). */
  readonly lifeMs: (random: () => number) => number;
  /** How far into its start it may be killed (ms). */
  readonly startMs: number;
  /** What there is to say beside a kill. */
  readonly progress: () => string;
}

export async function killUntil({ endMs, victim, random, lifeMs, startMs, progress }: Killing): Promise<void> {
  for (;;) {
    const livesMs = lifeMs(random);
    const leftMs = endMs - performance.now();
    if (livesMs > leftMs) {
      await pause(Math.max(0, leftMs));
      return;
    }
    await pause(livesMs);
    await victim.kill();
    console.error(`kill ${victim.kills} after ${Math.round(livesMs)} ms; ${progress()}`);
    await victim.spawn();
    if (random() < 0.2) {
      await pause(random() * startMs);
      await victim.kill();
      console.error(`kill ${victim.kills} while it started`);
      await victim.spawn();
    }
    await victim.listening();
  }
}
