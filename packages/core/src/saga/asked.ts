// What a step or an undo came to, from what its function returned or threw: the same for whoever carries it out.
import { Failure } from "../base/failure.ts";
import { frozenCopy, type At } from "../contract/index.ts";
import type { Ask, Asked } from "./stage.ts";

type Try = Exclude<Asked, { readonly kind: "failure" }> | { readonly kind: "failure"; readonly failure: Failure };

interface Union {
  readonly rejected: string | undefined;
  readonly reply: unknown;
  readonly details: unknown;
}

/** Never rejects. `isUnion`: whether an answer says if it is a rejection; anything else a step comes to is its own. */
export async function carriedOut(ask: Ask, at: At, isUnion: (value: object) => boolean): Promise<Try> {
  try {
    const value: unknown = await ask.act(at);
    if (typeof value !== "object" || value === null || !isUnion(value)) return { kind: "reply", reply: frozenCopy(value) };
    const { rejected, reply, details } = value as Union;
    return rejected === undefined ? { kind: "reply", reply } : { kind: "rejection", name: rejected, details };
  } catch (error) {
    return error instanceof Failure ? { kind: "failure", failure: error } : { kind: "defect", error };
  }
}
