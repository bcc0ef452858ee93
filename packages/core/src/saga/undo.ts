// What is undone next, from the journal and from what the function asked for.
import { idText, type Entry, type StepId } from "./event.ts";
import type { Play } from "./play.ts";
import type { StepPlan } from "./request.ts";
import type { SagaState } from "./state.ts";

export interface Undo extends StepId {
  readonly plan: StepPlan;
  /** Undefined where it is not known whether the step took place. */
  readonly reply: unknown;
  /** Wall clock, ms: the same however often it is computed, because nothing else happens to a saga that undoes. */
  readonly minted: number;
}

/** The newest step that was done, or may have been, and has an undo that has not run (S4). */
export function nextUndo(state: SagaState, steps: Play["steps"]): Undo | undefined {
  const over = new Set([...state.undone, ...state.apologies].map(idText));
  const minted = Math.max(state.turnedAt, ...state.undone.map(({ at }) => at), ...state.apologies.map(({ at }) => at));
  for (const entry of state.entries.toReversed()) {
    if (!mayBeDone(entry)) continue;
    const id = idText(entry);
    const plan = steps.get(id);
    if (plan?.undo === undefined || over.has(id)) continue;
    return { step: entry.step, n: entry.n, plan, reply: entry.kind === "Done" ? entry.reply : undefined, minted };
  }
  return undefined;
}

/** Steps that were done, or may have been, of which the definition knows nothing any more. */
export function lostSteps(state: SagaState, steps: Play["steps"]): readonly StepId[] {
  const over = new Set(state.apologies.map(idText));
  return state.entries.flatMap((entry) =>
    mayBeDone(entry) && !steps.has(idText(entry)) && !over.has(idText(entry)) ? [{ step: entry.step, n: entry.n }] : [],
  );
}

type MayBeDone = Extract<Entry, { readonly kind: "Done" | "Failed" }>;

const mayBeDone = (entry: Entry): entry is MayBeDone => entry.kind === "Done" || (entry.kind === "Failed" && entry.never !== true);
