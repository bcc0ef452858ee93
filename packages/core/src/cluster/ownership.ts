// What one node of a service does about its partitions: takes up what it is granted, releases what is to leave, and says how it
// stands. Pure: acquiring is reading the present epoch c of the log and, if c is below the granted one, taking over from c to exactly
// that; its driver does it, and the log decides (ADR 0030).
//
//  O1  one at a time  Of a partition at most one acquire or release is under way. What the plan says meanwhile is looked at when that has ended.
//  O2  once           No grant is acted upon twice. One that was taken back before it was acted upon never is, and is reported as over.
//  O3  not by itself  It acquires only what is granted to it. Who has lost a partition needs a new grant.
//  O4  no two         A partition that is held under an older grant, or granted to somebody else, is released first.
//  O5  no early end   While an acquire is under way nothing is reported from which its grant could be taken to be over.
//  O6  whole          A report says everything; there is one after each step in which something of it has changed.
import { assert, unreachable } from "../base/assert.ts";
import { emptyReport } from "./member.ts";
import type { NodeReport, PartitionPlan, ServicePlan } from "./plan.ts";

/** How a node stands to a partition. `known`: the highest epoch that was seen in the log, or whose grant is over here. */
export type Tenure =
  | { readonly kind: "away"; readonly known: number }
  | { readonly kind: "acquiring"; readonly epoch: number; readonly known: number }
  | { readonly kind: "held"; readonly epoch: number; readonly known: number }
  | { readonly kind: "releasing"; readonly epoch: number; readonly known: number };

export interface OwnershipState {
  /** Incarnation of this node. */
  readonly self: string;
  readonly plan: ServicePlan | undefined;
  readonly tenures: readonly Tenure[];
  /** The last one. */
  readonly report: NodeReport;
}

export type OwnershipInput =
  | { readonly kind: "plan"; readonly plan: ServicePlan | undefined }
  /** The log was taken over for this node: only if the journal said so. An answer that was lost proves nothing, whatever epoch is read. */
  | { readonly kind: "acquired"; readonly partition: number; readonly epoch: number }
  /** The log has this epoch, which is the granted one or a later one. */
  | { readonly kind: "refused"; readonly partition: number; readonly epoch: number }
  /** Nothing of the partition is under way here any more. Follows each `release`, also if the partition was lost meanwhile. */
  | { readonly kind: "released"; readonly partition: number }
  /** Somebody else has taken it over. */
  | { readonly kind: "lost"; readonly partition: number; readonly epoch: number }
  /** This node has raised its own epoch, to settle what was in doubt. */
  | { readonly kind: "raised"; readonly partition: number; readonly epoch: number }
  /** The log is open here, with these epochs; undefined: not any more. */
  | { readonly kind: "hosting"; readonly epochs: readonly number[] | undefined };

export type OwnershipEffect =
  | { readonly kind: "acquire"; readonly partition: number; readonly epoch: number }
  | { readonly kind: "release"; readonly partition: number }
  | { readonly kind: "report"; readonly report: NodeReport };

const unknown: Tenure = { kind: "away", known: 0 };

export const newOwnership = (self: string): OwnershipState => ({ self, plan: undefined, tenures: [], report: emptyReport });

export function stepOwnership(state: OwnershipState, input: OwnershipInput): readonly [OwnershipState, readonly OwnershipEffect[]] {
  const plan = input.kind === "plan" ? input.plan : state.plan;
  const hosting = input.kind === "hosting" ? input.epochs : state.report.hosting?.epochs;
  const count = Math.max(state.tenures.length, plan?.partitions.length ?? 0, hosting?.length ?? 0);
  const learned = Array.from({ length: count }, (_, p) => learn(state.tenures[p] ?? unknown, p, input));

  const effects: OwnershipEffect[] = [];
  const tenures = learned.map((tenure, partition) => {
    const next = follow(state.self, tenure, plan?.partitions[partition]);
    if (next.kind === "acquiring" && next !== tenure) effects.push({ kind: "acquire", partition, epoch: next.epoch });
    if (next.kind === "releasing" && next !== tenure) effects.push({ kind: "release", partition });
    return next;
  });
  const report: NodeReport = { hosting: hosting && { epochs: hosting }, standing: tenures.map(standingOf) };
  if (isSame(state.report, report)) return [{ ...state, plan, tenures }, effects];
  return [{ ...state, plan, tenures, report }, [...effects, { kind: "report", report }]];
}

function learn(tenure: Tenure, partition: number, input: OwnershipInput): Tenure {
  if (input.kind === "plan") return tenure;
  if (input.kind === "hosting") return aware(tenure, input.epochs?.[partition] ?? 0);
  if (input.partition !== partition) return tenure;
  switch (input.kind) {
    case "acquired":
      assert(tenure.kind === "acquiring" && tenure.epoch === input.epoch, "what was acquired was being acquired");
      return aware({ ...tenure, kind: "held" }, tenure.epoch);
    case "refused":
      assert(tenure.kind === "acquiring" && tenure.epoch <= input.epoch, "what was refused was being acquired, and the log has that epoch");
      return { kind: "away", known: Math.max(tenure.known, input.epoch) };
    case "released":
      assert(tenure.kind === "releasing", "what was released was being released");
      return { kind: "away", known: tenure.known };
    case "lost": // who is releasing it goes on until nothing is under way
      return tenure.kind === "held" ? { kind: "away", known: Math.max(tenure.known, input.epoch) } : aware(tenure, input.epoch);
    case "raised":
      return tenure.kind === "held" || tenure.kind === "releasing"
        ? aware({ ...tenure, epoch: Math.max(tenure.epoch, input.epoch) }, input.epoch)
        : aware(tenure, input.epoch);
    default:
      return unreachable(input, "a node's ownership");
  }
}

const aware = (tenure: Tenure, epoch: number): Tenure => (epoch > tenure.known ? { ...tenure, known: epoch } : tenure);

/** What the plan asks for, unless something is under way. */
function follow(self: string, tenure: Tenure, plan: PartitionPlan | undefined): Tenure {
  if (plan === undefined) return tenure;
  switch (tenure.kind) {
    case "acquiring":
    case "releasing":
      return tenure;
    case "held": // under a later grant it is to be acquired again: an older one may have gone to somebody in between
      return isMine(self, plan) && plan.epoch <= tenure.epoch ? tenure : { ...tenure, kind: "releasing" };
    case "away":
      if (plan.owner !== self || plan.epoch <= tenure.known) return tenure;
      return plan.leaving ? aware(tenure, plan.epoch) : { kind: "acquiring", epoch: plan.epoch, known: tenure.known };
    default:
      return unreachable(tenure, "a partition");
  }
}

const isMine = (self: string, { owner, leaving }: PartitionPlan): boolean => owner === self && !leaving;

/**
 * What becomes of a message for the partition, sent under a plan with this epoch (0: none). Held: until this node knows more, then it is asked
 * again. Moved: certainly not taken; a grant above the message's epoch has been made or is to come, so who sent it waits for that.
 * A message that was taken and is given back because the partition was lost is asked for again, too.
 */
export function placeOf(state: OwnershipState, partition: number, epoch: number): "here" | "hold" | { readonly moved: number } {
  const plan = state.plan?.partitions[partition];
  const tenure = state.tenures[partition] ?? unknown;
  if (tenure.kind === "held") return "here";
  if (plan === undefined || plan.epoch < epoch) return "hold";
  const over = tenure.kind === "acquiring" ? tenure.epoch - 1 : tenure.known;
  if (isMine(state.self, plan) && plan.epoch > over) return "hold"; // its own grant is on its way
  return { moved: Math.max(plan.epoch, over) };
}

const standingOf = (tenure: Tenure): NodeReport["standing"][number] => {
  switch (tenure.kind) {
    case "away":
      return { holds: false, epoch: tenure.known };
    case "acquiring":
      return { holds: false, epoch: Math.min(tenure.known, tenure.epoch - 1) };
    case "held":
    case "releasing":
      return { holds: true, epoch: tenure.epoch };
    default:
      return unreachable(tenure, "a partition");
  }
};

const isSame = (a: NodeReport, b: NodeReport): boolean =>
  a.hosting?.epochs.length === b.hosting?.epochs.length &&
  (a.hosting?.epochs ?? []).every((epoch, p) => epoch === b.hosting?.epochs[p]) &&
  a.standing.length === b.standing.length &&
  a.standing.every(({ holds, epoch }, p) => holds === b.standing[p]?.holds && epoch === b.standing[p].epoch);
