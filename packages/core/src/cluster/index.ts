export type { NodeReport, PartitionPlan, ServicePlan } from "./plan.ts";
