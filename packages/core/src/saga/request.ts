// What a saga's function asks for: the open ends of its run.
import { milliseconds, type Duration } from "../base/duration.ts";
import type { At } from "../contract/index.ts";
import { idText, type StepId } from "./event.ts";

/** A step's options as code that serves all steps sees them, decoded. */
export interface StepPlan extends StepId {
  readonly act: (at: At) => Promise<unknown>;
  readonly undo: ((at: At, reply: unknown) => Promise<unknown>) | undefined;
  readonly rejected: { readonly [name: string]: ((details: unknown) => unknown) | undefined };
  readonly retry: { readonly forMs: number; readonly everyMs: number | undefined } | undefined;
  readonly withinMs: number | undefined;
}

export interface LooseOptions {
  readonly undo?: StepPlan["undo"];
  readonly rejected?: StepPlan["rejected"];
  readonly retry?: { readonly for: Duration; readonly every?: Duration };
  readonly within?: Duration;
}

/** Throws `Failure` INVALID_DEFINITION for what is no duration. */
export function stepPlan({ step, n }: StepId, act: StepPlan["act"], options: LooseOptions = {}): StepPlan {
  const { undo, rejected = {}, retry, within } = options;
  return {
    step,
    n,
    act,
    undo,
    rejected,
    retry: retry && { forMs: milliseconds(retry.for), everyMs: retry.every === undefined ? undefined : milliseconds(retry.every) },
    withinMs: within === undefined ? undefined : milliseconds(within),
  };
}

/** `since`: time of the newest thing the function knew when it asked, so the same on every replay. */
export type Request = StepId & { readonly since: number; readonly settle: (value: unknown) => void } & (
    | { readonly kind: "step"; readonly plan: StepPlan }
    | { readonly kind: "sleep"; readonly until: number }
    /** `step` is the name of the signal. */
    | { readonly kind: "signal"; readonly until: number }
  );

export const requestKey = (kind: Request["kind"], id: StepId): string => `${kind} ${idText(id)}`;
