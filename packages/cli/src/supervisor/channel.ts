// What a supervisor and the processes that it has started say to each other, over the channel that Node opens between parent and
// child. Nobody else can reach it, so secrets go over it and are in no file, argument or environment; and it ends with either of the two
// processes, whatever the end, which is how a child learns that its supervisor is gone.
import type { NodeReport, ServicePlan } from "@atoll/core/cluster";
import type { Address, NodeIdentity } from "@atoll/core/transport";

/** Of one service, as one node is to know it. */
export interface DirectoryEntry {
  /** Those that take messages, each with the ticket of the node that is told. */
  readonly nodes: readonly Address[];
  /** Why nobody runs it, nor will. */
  readonly lost?: string;
  readonly plan?: ServicePlan;
}

/** By service. */
export type DirectoryEntries = { readonly [service: string]: DirectoryEntry };

/** What a node is, given to its process once. */
export interface Assignment {
  readonly self: NodeIdentity;
  /** Where it listens for other nodes. */
  readonly at: string;
  /** What tickets to it are made with. */
  readonly secret: string;
  /** Real path of the data directory. */
  readonly data: string;
  /** Of the gateway. */
  readonly port: number;
  /** Other processes of the gateway listen there as well; "first": none does yet. Undefined where they cannot. */
  readonly sharing: "first" | "further" | undefined;
  readonly host: string | undefined;
  readonly directory: DirectoryEntries;
}

export type ToNode =
  /** Load the system's file: first of all. */
  | { readonly kind: "load"; readonly file: string }
  /** Start: once. */
  | { readonly kind: "begin"; readonly assignment: Assignment }
  /** `version` rises with every change. */
  | { readonly kind: "directory"; readonly version: number; readonly entries: DirectoryEntries }
  /** A verb of the control socket, of this node's part of the system. */
  | { readonly kind: "ask"; readonly n: number; readonly verb: string; readonly input?: unknown }
  /** `goesOn`: other nodes of its service go on. */
  | { readonly kind: "stop"; readonly graceMs: number; readonly goesOn: boolean };

export type FromNode =
  /** It listens. `url` is "" unless it is the gateway. */
  | { readonly kind: "running"; readonly url: string }
  /** Its event loop turns. */
  | { readonly kind: "beat" }
  /** It goes by this directory from now on: what it sent before is on its way already. */
  | { readonly kind: "told"; readonly version: number }
  /** How it stands to the partitions of its service, whole, whenever that changes. */
  | { readonly kind: "report"; readonly report: NodeReport }
  /** Somebody has sent it a SIGTERM; it goes on until the supervisor says what is to be done. */
  | { readonly kind: "signalled" }
  /** It cannot be started, and ends. */
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "answer"; readonly n: number; readonly value: unknown }
  /** "refused": the verb has said no; "elsewhere": what it names is not on this node; "broke": neither. */
  | { readonly kind: "error"; readonly n: number; readonly message: string; readonly how: "refused" | "elsewhere" | "broke" };

/** Of the gateway's node; no service may be called so. */
export const gatewayService = "gateway";
