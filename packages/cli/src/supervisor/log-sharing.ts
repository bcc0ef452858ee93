// Which services have a log, as their definition says, and whether several nodes can work on one.
import type { System } from "@atoll/core";
import { gatewayService } from "./channel.ts";

/** Whether the nodes of a service share its log. Until they do, a service that needs one has one process at a time. */
export const sharesLogs: boolean = false;

/** Handlers alone have none until they tell something. */
export function needsLog({ services, gateway }: System, service: string): boolean {
  if (service === gatewayService) return (gateway?.parts.length ?? 0) > 0;
  const one = services.find(({ name }) => name === service);
  return one !== undefined && (one.subscriptions.length > 0 || one.parts.some(({ kind }) => kind !== "handlers"));
}
