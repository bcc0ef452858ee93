// Both ends of a stream as pure machines: the reader, who asks for batches by a total that only rises, and the publisher, who
// numbers what it sends. A stream lives over one opening after the other: whatever ends one but the reader itself is answered by
// another, from the position behind what has arrived (ADR 0031). Drivers: topic-stream.ts, served-stream.ts.
//
//  S1  complete  What the reader takes is every batch's content from its first position on, in order, each once, whatever is
//                lost, said twice, or said late.
//  S2  demand    Batch k of an opening is sent only when a demand of k or more has arrived. A demand that comes again, or after a
//                higher one, changes nothing.
//  S3  bounded   A reader holds at most `batchesAhead` batches that it has not taken. Whoever sends more than was asked for, asks for
//                more than `batchesAskedMax` ahead, or goes backwards, is not honest.
//  S4  ahead     Demand is raised when half of `batchesAhead` is free again: one that keeps up waits for no answer to it.
//  S5  resting   While less than half is free nothing is opened again; so a reader that stands still costs nobody anything,
//                however often its link is lost, and an opening always asks for at least half.
//  S6  pulled    The publisher reads only what is demanded, and keeps at most one batch that has not left.
//  S7  over      After its end a reader holds and wants nothing; after its end a publisher reads and sends nothing, whatever comes.
import { unreachable } from "../../base/assert.ts";

export interface StreamLimits {
  readonly batchesAhead: number;
  readonly batchesAskedMax: number;
}

// ── the reader ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ReadingStream {
  /** "asked": opened, or on its way. "resting": nothing is wanted now. "failed": until somebody asks again. */
  readonly phase: "asked" | "resting" | "failed" | "over";
  /** Everything below it has arrived. */
  readonly position: number;
  /** Batches that have arrived and are not taken. */
  readonly held: number;
  /** Of this opening. */
  readonly arrived: number;
  readonly demand: number;
}

export type ReadingInput =
  | { readonly kind: "begin" }
  | { readonly kind: "batch"; readonly number: number; readonly next: number }
  /** The oldest batch held, by whoever reads. */
  | { readonly kind: "taken" }
  /** The opening is no more: its link is lost, its node takes nothing. */
  | { readonly kind: "lost" }
  /** The publisher has refused, or ended it. */
  | { readonly kind: "failed" }
  | { readonly kind: "close" };

export type ReadingEffect =
  | { readonly kind: "open"; readonly from: number; readonly demand: number }
  | { readonly kind: "demand"; readonly total: number }
  /** The batch that has just come is kept for whoever reads. */
  | { readonly kind: "keep" }
  /** Nobody wants this opening any more. */
  | { readonly kind: "give up" }
  | { readonly kind: "violated"; readonly why: string };

export type ReadingStep = readonly [ReadingStream, readonly ReadingEffect[]];

export const readingFrom = (position: number): ReadingStream => ({ phase: "resting", position, held: 0, arrived: 0, demand: 0 });

export function stepReading(limits: StreamLimits, state: ReadingStream, input: ReadingInput): ReadingStep {
  if (state.phase === "over") return [state, []];
  switch (input.kind) {
    case "begin":
      return state.phase === "failed" ? opened(limits, { ...state, phase: "resting" }) : opened(limits, state);
    case "batch":
      return arrived(limits, state, input.number, input.next);
    case "taken":
      return raised(limits, { ...state, held: state.held - 1 });
    case "lost":
      return state.phase === "asked" ? opened(limits, { ...state, phase: "resting" }) : [state, []];
    case "failed":
      return [state.phase === "asked" ? { ...state, phase: "failed" } : state, []];
    case "close":
      return [{ ...state, phase: "over", held: 0 }, state.phase === "asked" ? [{ kind: "give up" }] : []];
    default:
      return unreachable(input, "the reader of a stream");
  }
}

function arrived(limits: StreamLimits, state: ReadingStream, number: number, next: number): ReadingStep {
  if (state.phase !== "asked" || number <= state.arrived) return [state, []];
  if (number > state.demand) return violated(state, `batch ${number} was not asked for`);
  if (number > state.arrived + 1) {
    const [after, effects] = opened(limits, { ...state, phase: "resting" });
    return [after, [{ kind: "give up" }, ...effects]];
  }
  if (next <= state.position) return violated(state, `a batch behind offset ${state.position} ends at ${next}`);
  const [after, effects] = raised(limits, { ...state, position: next, held: state.held + 1, arrived: number });
  return [after, [{ kind: "keep" }, ...effects]];
}

/** Opens it, if it rests and there is room (S5). */
function opened({ batchesAhead }: StreamLimits, state: ReadingStream): ReadingStep {
  const demand = batchesAhead - state.held;
  if (state.phase !== "resting" || 2 * demand < batchesAhead) return [state, []];
  return [{ ...state, phase: "asked", arrived: 0, demand }, [{ kind: "open", from: state.position, demand }]];
}

function raised(limits: StreamLimits, state: ReadingStream): ReadingStep {
  if (state.phase !== "asked") return opened(limits, state);
  const total = state.arrived + limits.batchesAhead - state.held;
  if (2 * (total - state.demand) < limits.batchesAhead) return [state, []];
  return [{ ...state, demand: total }, [{ kind: "demand", total }]];
}

const violated = (state: ReadingStream, why: string): ReadingStep => [state, [{ kind: "violated", why }]];

// ── the publisher ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SendingStream {
  readonly phase: "idle" | "reading" | "sending" | "over";
  readonly demand: number;
  /** Batches that were numbered, the one that is being sent included. */
  readonly sent: number;
}

export type SendingInput =
  | { readonly kind: "demand"; readonly total: number }
  /** What was read is there. */
  | { readonly kind: "page" }
  /** The link has taken the batch. */
  | { readonly kind: "left" }
  | { readonly kind: "close" };

export type SendingEffect =
  | { readonly kind: "read" }
  | { readonly kind: "send"; readonly number: number }
  | { readonly kind: "violated"; readonly why: string };

export type SendingStep = readonly [SendingStream, readonly SendingEffect[]];

export const sendingNothing: SendingStream = { phase: "idle", demand: 0, sent: 0 };

export function stepSending({ batchesAskedMax }: StreamLimits, state: SendingStream, input: SendingInput): SendingStep {
  if (state.phase === "over") return [state, []];
  switch (input.kind) {
    case "demand":
      if (input.total - state.sent > batchesAskedMax) {
        return [
          state,
          [{ kind: "violated", why: `${input.total - state.sent} batches are asked for ahead, of at most ${batchesAskedMax}` }],
        ];
      }
      return demanded({ ...state, demand: Math.max(state.demand, input.total) });
    case "page":
      return [{ ...state, phase: "sending", sent: state.sent + 1 }, [{ kind: "send", number: state.sent + 1 }]];
    case "left":
      return demanded({ ...state, phase: "idle" });
    case "close":
      return [{ ...state, phase: "over" }, []];
    default:
      return unreachable(input, "the publisher of a stream");
  }
}

const demanded = (state: SendingStream): SendingStep =>
  state.phase === "idle" && state.sent < state.demand ? [{ ...state, phase: "reading" }, [{ kind: "read" }]] : [state, []];
