// The help desk as a system: the cases and the lists over them, those who work on them, and reports that know only topics.
import { service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";
import { agent, tellAgents } from "./agent.ts";
import { caseList } from "./case-list.ts";
import { helpCase } from "./case.ts";
import { Agent, Case, CaseList, Durations, Workload } from "./contract.ts";
import { durations } from "./durations.ts";
import { workload } from "./workload.ts";

const pageSize = z.coerce.number<string>().int().min(1).max(1_000).default(100);

export const helpDesk = system("help-desk", {
  services: [service("cases", [helpCase, caseList, workload]), service("agents", [agent, tellAgents]), service("reports", [durations])],
  gateway: gateway([
    route("POST /cases/:id/activities", Case.record, { key: (r) => r.params.id, reply: { status: 201 } }),
    route("GET /cases/:id/activities", Case.history, { key: (r) => r.params.id, rejects: { UnknownCase: { status: 404 } } }),
    route("GET /cases", CaseList.page, {
      query: z.object({ open: z.enum(["true", "false"]).optional(), after: z.string().default(""), size: pageSize }),
      input: ({ query: { open, after, size } }) => ({ after, size, ...(open === undefined ? {} : { open: open === "true" }) }),
    }),
    route("GET /workload/activities", Workload.activities),
    route("GET /workload/cases", Workload.cases),
    route("GET /durations", Durations.byProduct),
    route("GET /durations/longest", Durations.longest, { query: z.object({ size: pageSize }), input: (r) => r.query }),
    route("GET /agents/:id", Agent.tally, { key: (r) => r.params.id }),
  ]),
});
