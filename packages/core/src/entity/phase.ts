// What an entity in memory is doing.
import type { Timer } from "../runtime/index.ts";

export type Phase =
  | { readonly kind: "recovering" }
  | { readonly kind: "active" }
  /** Failed; waits until its commits have settled and its back-off is over. */
  | { readonly kind: "restarting"; timer: Timer | undefined }
  /** Kept from running until an operator releases it; what is submitted still settles. */
  | { readonly kind: "quarantined" }
  /** Its partition is to be released: what is decided still leaves, what is not waits to be given back behind it. `vacated`: called then. */
  | { readonly kind: "leaving"; readonly vacated: () => void }
  | { readonly kind: "gone" };
