// What one resource did. It hears of every activity once, whatever crashes; activities of one case in order, those of different
// cases in any.
import { entity, subscription } from "@atoll/core";
import * as z from "zod";
import { Agent, Case } from "./contract.ts";

export const agent = entity(Agent, {
  state: z.object({ activities: z.int(), firsts: z.int() }),
  initial: { activities: 0, firsts: 0 },
  events: { Did: z.object({ caseId: z.string(), number: z.int() }) },
  decide: { did: (_, c, turn) => turn.emit("Did", c) },
  evolve: { Did: (s, { number }) => ({ activities: s.activities + 1, firsts: s.firsts + (number === 1 ? 1 : 0) }) },
  queries: { tally: (s) => s },
});

export const tellAgents = subscription("tell-agents", Case.recorded, ({ resource, caseId, number }, tell) =>
  tell(Agent, resource).did({ caseId, number }),
);
