// What an open gateway has once, and all its routes use.
import type { Edge } from "@atoll/core/edge";
import type { Admission } from "./admission.ts";
import type { Bodies } from "./body.ts";
import type { Later } from "./later.ts";
import type { Limits } from "./limits.ts";
import type { Once } from "./once.ts";

export interface EdgeRoom {
  readonly edge: Edge;
  readonly limits: Limits;
  readonly bodies: Bodies;
  readonly once: Once;
  readonly later: Later;
  readonly admission: Admission;
}
