/** Whatever of a service lives with the partitions of its log, as the one who acquires and releases them sees it. */
export interface Tenant {
  /** The partition is owned here from now on. */
  acquired(partition: number): void;
  /**
   * The partition is to be released: nothing more is taken for it, what is undecided is given back. Resolves when nothing of it is
   * under way; nothing of it is kept then.
   */
  leave(partition: number): Promise<void>;
  /** Somebody else owns it already. What was under way has been settled as the log says, or was certainly not applied and is given back. */
  lost(partition: number): void;
}
