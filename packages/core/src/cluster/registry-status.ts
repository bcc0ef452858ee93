// What can be read off a registry: by operators, and by whoever starts and ends its nodes.
import { candidatesAmong, isEligible, type Member } from "./member.ts";
import type { PartitionPlan } from "./plan.ts";
import type { RegistryState } from "./registry.ts";

export interface PartitionStatus {
  readonly partition: number;
  /** Undefined where it is free. */
  readonly node: string | undefined;
  readonly incarnation: string | undefined;
  /** The highest that is known. */
  readonly epoch: number;
  /** Granted: not held yet as far as is known. Leaving: it is to be released there. Free: there is nobody to give it to. */
  readonly state: "held" | "granted" | "leaving" | "free";
}

export function statusOf({ members, plan, known }: RegistryState): readonly PartitionStatus[] {
  return plan.partitions.map((granted, partition) => {
    const owner = members.find(({ incarnation }) => incarnation === granted.owner);
    const state = owner === undefined ? "free" : granted.leaving ? "leaving" : holds(owner, granted, partition) ? "held" : "granted";
    return { partition, node: owner?.node, incarnation: owner?.incarnation, epoch: known[partition] ?? 0, state };
  });
}

/** Every partition is held by whom it is wanted to be held by: none moves, none is on its way. */
export function isSettled(state: RegistryState): boolean {
  const status = statusOf(state);
  return status.length > 0 && status.every((each) => each.state === "held");
}

/** It owns nothing, and has nothing granted: it may be ended without anybody missing it. */
export const isEmpty = ({ members, plan }: RegistryState, incarnation: string): boolean =>
  !plan.partitions.some(({ owner }) => owner === incarnation) &&
  !members.some((member) => member.incarnation === incarnation && member.report.standing.some(({ holds: held }) => held));

/** Whether what this node has could be given to another one; if not, waiting until it is empty is in vain. */
export const hasHeir = ({ members, plan }: RegistryState, incarnation: string): boolean =>
  candidatesAmong(members, plan.host, () => false).some((candidate) => candidate !== incarnation);

/** Whether partitions can be moved there. */
export const mayOwn = ({ members }: RegistryState, incarnation: string): boolean =>
  members.some((member) => member.incarnation === incarnation && isEligible(member));

const holds = ({ report, silent }: Member, granted: PartitionPlan, partition: number): boolean => {
  const standing = report.standing[partition];
  return !silent && standing !== undefined && standing.holds && standing.epoch >= granted.epoch;
};
