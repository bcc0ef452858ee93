// Several gateways on one port: each listens for itself, and the kernel deals out the connections (SO_REUSEPORT). Only where it does so
// evenly, which is Linux.
import type { Assignment } from "./channel.ts";
import type { Slot } from "./slot.ts";

export const sharesPorts = process.platform === "linux";

/** For the next process of the gateway. */
export const sharingOf = (gateways: readonly Slot[]): Assignment["sharing"] =>
  gateways.some(({ listening }) => listening) ? "further" : "first";
