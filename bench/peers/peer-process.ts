// In the process of a peer: opens it, and answers rounds. A peer that this machine cannot run says why, which is no failure
// of the benchmark.
import { serve } from "../child.ts";
import { loadOn, type Workflow } from "./load.ts";

export interface PeerParameters {
  /** An empty folder of its own. */
  readonly directory: string;
}

export type PeerOpened = { readonly kind: "open"; readonly name: string } | { readonly kind: "absent"; readonly why: string };

export interface RunningPeer {
  /** As it stands in the table, with versions. */
  readonly name: string;
  readonly workflow: Workflow;
  /** CPU time so far of another process that does a part of the work; then what an answer costs stands in the table. */
  readonly cpuUs?: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** This machine lacks what the peer needs; the message tells people what to do. */
export class CannotRun extends Error {
  override readonly name = "CannotRun";
}

export const servePeer = (open: (directory: string) => Promise<RunningPeer>): Promise<void> =>
  serve(async ({ directory }: PeerParameters) => {
    try {
      const { name, workflow, cpuUs, close } = await open(directory);
      return { value: { kind: "open", name } satisfies PeerOpened, close, answer: loadOn(workflow, cpuUs ? { cpuUs } : {}) };
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error;
      return { value: { kind: "absent", why: error.message } satisfies PeerOpened, close: () => Promise.resolve() };
    }
  });
