// Who has the log of this node's service open, as the plan says; a hint that may be old.
import type { Address } from "../../transport/index.ts";

export interface Hosting {
  /** "here": this node is to have it open. Undefined: nobody now, or it is not known. */
  host(): "here" | Address | undefined;
  /** `changed` is called after every change, never from within `host`. */
  watch(changed: () => void): void;
}
