// One case: every activity in order. That it is closed, and that it is opened again, follows from the activities, and is said in
// events of its own, so that nobody else needs to know the words of the log.
import { entity } from "@atoll/core";
import * as z from "zod";
import { Activity, Case } from "./contract.ts";

const closing = "Closed";

const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1_000;

export const helpCase = entity(Case, {
  state: z.object({ activities: z.array(Activity), open: z.boolean() }),
  initial: { activities: [], open: true },
  events: {
    Recorded: Activity,
    Closed: z.object({ product: z.string(), opened: z.string(), closed: z.string(), seconds: z.int() }),
    Reopened: z.object({}),
  },
  decide: {
    record: (s, c, turn) => {
      const number = s.activities.length + 1;
      const closes = c.activity === closing;
      if (!closes && s.open) return turn.emit("Recorded", c).reply({ number });
      if (!closes) return turn.emit("Recorded", c).emit("Reopened", {}).reply({ number });
      const opened = s.activities[0]?.at ?? c.at;
      const closed = { product: c.product, opened, closed: c.at, seconds: secondsBetween(opened, c.at) };
      return turn.emit("Recorded", c).emit("Closed", closed).reply({ number });
    },
  },
  evolve: {
    Recorded: (s, e) => ({ ...s, activities: [...s.activities, e] }),
    Closed: (s) => ({ ...s, open: false }),
    Reopened: (s) => ({ ...s, open: true }),
  },
  queries: {
    history: (s, _, q) => (s.activities.length === 0 ? q.reject("UnknownCase", { id: q.key }) : s.activities),
  },
  publish: {
    recorded: { Recorded: (e, s, at) => ({ caseId: at.key, resource: e.resource, number: s.activities.length }) },
    closed: { Closed: (e, _, at) => ({ caseId: at.key, ...e }) },
  },
});
