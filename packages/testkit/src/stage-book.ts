// An address book whose calls go to a stage instead of a router.
import type { At, CallOptions } from "@atoll/core";
import type { AnyContract, AnyOpRef } from "@atoll/core/contract";

export type StageAsk = (to: AnyOpRef, key: unknown, input: unknown, options: CallOptions | undefined) => Promise<unknown>;

export function stageBook(ask: StageAsk): At {
  const at = (contract: AnyContract, key?: unknown): object =>
    Object.fromEntries(
      Object.values(contract.$.operations).map((to) => [
        to.name,
        to.operation.in === undefined
          ? (options?: CallOptions) => ask(to, key, undefined, options)
          : (input: unknown, options?: CallOptions) => ask(to, key, input, options),
      ]),
    );
  return at as unknown as At;
}
