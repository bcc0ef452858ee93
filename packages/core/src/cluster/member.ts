// A node as the registry of its service knows it, and what a node may become: an owner of partitions, the host of the log.
import type { NodeReport } from "./plan.ts";

export interface Member {
  readonly node: string;
  readonly incarnation: string;
  /** A draining one takes no partitions any more and gives away those it has. */
  readonly phase: "starting" | "running" | "draining";
  /** Its place among all that have come to run; 0: it has not yet. */
  readonly ran: number;
  /** No sign of life for too long. */
  readonly silent: boolean;
  /** The last one; empty before the first. */
  readonly report: NodeReport;
}

export const emptyReport: NodeReport = { hosting: undefined, standing: [] };

/** Whether it may be given partitions. */
export const isEligible = ({ phase, silent }: Member): boolean => phase === "running" && !silent;

/**
 * Who hosts: the present one while it lives, since nobody can take the file from a process. Else who has been running for longest, else
 * who is starting; else one that drains, so that it can finish.
 */
export function hostAmong(members: readonly Member[], present: string | undefined): string | undefined {
  const heard = members.filter(({ silent }) => !silent);
  const [longest] = heard.filter(isEligible).sort((a, b) => a.ran - b.ran);
  const next = longest ?? heard.find(({ phase }) => phase === "starting") ?? heard[0];
  return members.some(({ incarnation }) => incarnation === present) ? present : next?.incarnation;
}

/**
 * Who may own: the eligible; a starting host beside them if it owns something already, since it would get that back as soon as it
 * runs; and if there are none, the host alone. Nobody, if that is silent: then everything stays where it is.
 */
export function candidatesAmong(
  members: readonly Member[],
  host: string | undefined,
  owns: (incarnation: string) => boolean,
): readonly string[] {
  const eligible = members.filter(isEligible).map(({ incarnation }) => incarnation);
  const hosting = members.find(({ incarnation, silent }) => incarnation === host && !silent);
  if (hosting === undefined) return eligible;
  if (eligible.length === 0) return [hosting.incarnation];
  return hosting.phase === "starting" && owns(hosting.incarnation) ? [hosting.incarnation, ...eligible] : eligible;
}
