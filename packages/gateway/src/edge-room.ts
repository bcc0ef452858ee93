// What all routes of an open gateway have in common: the system behind it, its bounds, and what keeps them.
import type { Edge } from "@atoll/core/edge";
import type { Limits } from "./limits.ts";
import type { Bodies } from "./body.ts";
import type { Once } from "./once.ts";
import type { Later } from "./later.ts";
import type { Admission } from "./admission.ts";
import type { Sessions } from "./sessions.ts";

export interface EdgeRoom {
  readonly edge: Edge;
  readonly limits: Limits;
  readonly bodies: Bodies;
  readonly once: Once;
  readonly later: Later;
  readonly admission: Admission;
  readonly sessions: Sessions;
}
