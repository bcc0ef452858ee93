// Waiting in virtual time, for whoever stands outside of the processes.
import type { VirtualWorld } from "@atoll/core/runtime/virtual";

/** Virtual time passes. */
export function passing(world: VirtualWorld, ms: number): Promise<void> {
  return new Promise((resolve) => void world.outside.timers.after(ms, resolve));
}
