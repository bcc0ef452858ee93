// What the help desk promises. `case` is one case and everything that was done for it; the rest are lists and counts over all
// cases, kept by read models, and `agent`, who counts what one resource did.
import { contract } from "@atoll/core";
import * as z from "zod";

/** One line of the log. `at` is kept as it was given; it is in ISO 8601, UTC, to the second. */
export const Activity = z.object({
  at: z.iso.datetime({ offset: true }),
  activity: z.string(),
  resource: z.string(),
  seriousness: z.string(),
  customer: z.string(),
  product: z.string(),
});

/** From the first activity of a case to the one that closed it, in whole seconds. */
export const Closing = z.object({ caseId: z.string(), product: z.string(), opened: z.string(), closed: z.string(), seconds: z.int() });

export const CaseRow = z.object({
  id: z.string(),
  open: z.boolean(),
  activities: z.int(),
  reopened: z.int(),
  opened: z.string(),
  last: z.string(),
  /** Who did the last activity. */
  resource: z.string(),
  seriousness: z.string(),
  customer: z.string(),
  product: z.string(),
});

export const Case = contract("case", {
  version: 1,
  key: z.string().min(1).max(64),
  commands: {
    /** Activities of one case come in order; `number` counts them from 1. */
    record: { in: Activity, out: z.object({ number: z.int() }) },
  },
  queries: { history: { out: z.array(Activity), rejects: { UnknownCase: z.object({ id: z.string() }) } } },
  topics: {
    recorded: z.object({ caseId: z.string(), resource: z.string(), number: z.int() }),
    closed: Closing,
  },
  access: { record: ["gateway"], history: ["gateway"], recorded: ["agents"], closed: "any" },
});

export const CaseList = contract("case-list", {
  version: 1,
  queries: {
    /** In the order of their ids, at most `size` of those behind `after`. */
    page: { in: z.object({ open: z.boolean().optional(), after: z.string(), size: z.int().min(1).max(1_000) }), out: z.array(CaseRow) },
  },
  access: { page: ["gateway"] },
});

export const Workload = contract("workload", {
  version: 1,
  queries: {
    /** How often each resource did what, by seriousness. */
    activities: { out: z.array(z.object({ resource: z.string(), seriousness: z.string(), activity: z.string(), times: z.int() })) },
    /** In how many cases each resource had a part, by seriousness. */
    cases: { out: z.array(z.object({ resource: z.string(), seriousness: z.string(), cases: z.int() })) },
  },
  access: { activities: ["gateway"], cases: ["gateway"] },
});

export const Durations = contract("durations", {
  version: 1,
  queries: {
    /** Of closed cases; of one that was reopened, until it was closed again. */
    byProduct: {
      out: z.array(z.object({ product: z.string(), cases: z.int(), seconds: z.int(), shortest: z.int(), longest: z.int() })),
    },
    longest: { in: z.object({ size: z.int().min(1).max(1_000) }), out: z.array(Closing) },
  },
  access: { byProduct: ["gateway"], longest: ["gateway"] },
});

/** What one resource did, as it is told by the cases. */
export const Agent = contract("agent", {
  version: 1,
  key: z.string(),
  commands: { did: { in: z.object({ caseId: z.string(), number: z.int() }) } },
  /** `firsts`: cases that it was the first to work on. */
  queries: { tally: { out: z.object({ activities: z.int(), firsts: z.int() }) } },
  access: { tally: ["gateway"] },
});
