// What an Idempotency-Key stands for, as it is kept in the log: enough to tell another request under the same key, and nothing that
// a reader of the log could try passwords or card numbers against. It is keyed by the client's Idempotency-Key, which
// is nowhere in the log: only a digest of it is.
import { canonicalJson, digest, keyedDigest } from "./digest.ts";
import type { KeyScope } from "./request.ts";

export interface Fingerprint {
  readonly request: string;
  /** As it was kept up to version 0.1, without the key. Only compared, never stored; without use 24 hours after an update. */
  readonly before: string;
}

/** Of what a client must repeat exactly: the body, and the query as it is written. */
export function fingerprintOf({ key }: KeyScope, sent: unknown, search: string): Fingerprint {
  const parts = [canonicalJson(sent), search];
  return { request: keyedDigest(key, ...parts), before: digest(...parts) };
}
