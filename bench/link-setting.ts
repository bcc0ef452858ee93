// What the two processes of link.ts agree on.
import type { Address, NodeIdentity } from "@atoll/core/transport";

export interface LinkServerParameters {
  readonly directory: string;
}

export interface LinkServerValue {
  readonly address: Omit<Address, "ticket">;
  /** Path of the bare socket. */
  readonly bare: string;
  readonly pid: number;
}

export const systemName = "bench";
export const secret = "of the bench";

export const nodeOf = (name: string): NodeIdentity => ({ node: name, service: name, incarnation: "0".repeat(32) });
