// Read models as operators see them: what the command line and health show, and what can be done about one that is behind,
// wrong, or has entities set aside.

export interface ReadModelSource {
  /** The name that the read model gave to it in `from`. */
  readonly source: string;
  /** Records of its log that are not applied yet. */
  readonly behind: number;
  /** How old the oldest of them is, as far as is known, ms; 0 when there is none. */
  readonly behindMs: number;
}

export interface ReadModelStatus {
  readonly service: string;
  readonly readModel: string;
  readonly version: number;
  /** "building": there is none yet that can answer. "live": answers. "failing": answers from what it has, or not at all. */
  readonly state: "building" | "live" | "failing";
  /** Why it is failing, or why rebuilding it has failed. */
  readonly reason?: string;
  /** Of the one that answers, or that is being built. */
  readonly sources: readonly ReadModelSource[];
  /** Entities set aside. */
  readonly parked: number;
  /** A new one is made beside the one that answers: the part of the log that it has applied, 0 to 1. */
  readonly rebuilt?: number;
}

/** An entity of a source whose events are not applied because one of them could not be. */
export interface ParkedEntity {
  readonly service: string;
  readonly readModel: string;
  readonly source: string;
  readonly key: string;
  readonly partition: number;
  /** Of the record that could not be applied. */
  readonly offset: number;
  /** ISO 8601. */
  readonly since: string;
  readonly reason: string;
  /** Later events of the entity that wait for it. */
  readonly skipped: number;
}

export interface Retried {
  /** Entities whose events are all applied now. */
  readonly released: number;
  /** Those that failed again. */
  readonly parked: readonly ParkedEntity[];
}

/** Rejects with a `Failure`. */
export interface ReadModelControl {
  status(): ReadModelStatus;
  parked(): readonly ParkedEntity[];
  /** Applies the events of parked entities from the first that failed on. `key`: a key or SOURCE/KEY; without it all. */
  retry(key?: string): Promise<Retried>;
  /** Makes it anew beside the one that answers, and puts it in its place once it has caught up. Resolves when it has begun. */
  rebuild(): Promise<void>;
}

/** All read models of a running system. Rejects with a `Failure`; UNAVAILABLE if there is none of that name. */
export interface ReadModels {
  list(): readonly ReadModelStatus[];
  parked(): readonly ParkedEntity[];
  retry(service: string, readModel: string, key?: string): Promise<Retried>;
  rebuild(service: string, readModel: string): Promise<void>;
}
