// Command ids as a careful client mints them: UUIDs of version 7 (RFC 9562), which carry the time of their minting, so that a
// receiver that has forgotten older ids knows it of this one. Here out of virtual time and the seed.
import type { Random } from "@atoll/core/runtime";

/** `nowMs`: wall clock. */
export function mintCommandId(nowMs: number, random: Random): string {
  const time = nowMs.toString(16).padStart(12, "0");
  const noise = random.id();
  const variant = "89ab".charAt(Math.floor(random.next() * 4));
  return `${time.slice(0, 8)}-${time.slice(8)}-7${noise.slice(0, 3)}-${variant}${noise.slice(3, 6)}-${noise.slice(6, 18)}`;
}
