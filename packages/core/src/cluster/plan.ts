// What the registry of a service and its nodes say of each other: who is to have the log open, and who is to own which of its
// partitions. All of it may be old where it is read: the epoch in the log decides, a plan only saves time.

/** What the registry says of one service. */
export interface ServicePlan {
  /** Incarnation of the node that is to have the log open; undefined: nobody now. */
  readonly host: string | undefined;
  /** By partition; empty until a host has said how many its log has. */
  readonly partitions: readonly PartitionPlan[];
}

export interface PartitionPlan {
  /** Incarnation of the node that owns it, or is to take it over; undefined: nobody now. */
  readonly owner: string | undefined;
  /** Under which that node is to own it; higher with every grant. */
  readonly epoch: number;
  /** The owner is to release it. */
  readonly leaving: boolean;
}

/** What a node says of itself, whole, whenever it changes. */
export interface NodeReport {
  /** The log is open here; `epochs` are those of its partitions. Undefined where it is not. */
  readonly hosting: { readonly epochs: readonly number[] } | undefined;
  /** By partition, empty before anything is known: whether the node owns it, and the highest epoch that it knows of. */
  readonly standing: readonly { readonly holds: boolean; readonly epoch: number }[];
}
