// What can go wrong that is neither a bug of ours nor a rejection of the contract. Every failure has a registered code;
// the registry is the only place that knows outcome, retry advice and help, and docs/errors.md is generated from it.
//
// outcome  "not-delivered": the command certainly had no effect. "unknown": it may have had one.
// retry    "never": the same request fails again. "later": send it again, after a pause. "same-id": send it again, but
//          only under the same command id, so that it is applied once whatever happened to the first.

export type Outcome = "not-delivered" | "unknown";
export type Retry = "never" | "later" | "same-id";

interface Entry {
  readonly title: string;
  readonly outcome: Outcome;
  readonly retry: Retry;
  readonly help: string;
}

export const failures = {
  ACCESS_DENIED: {
    title: "The caller may not call this operation",
    outcome: "not-delivered",
    retry: "never",
    help: "List the calling service under `access` of the contract, or call another operation.",
  },
  ADDRESS_TAKEN: {
    title: "Another process listens there",
    outcome: "not-delivered",
    retry: "never",
    help: "End that process, or give this node another address.",
  },
  BREAKER_OPEN: {
    title: "The breaker of this dependency is open",
    outcome: "not-delivered",
    retry: "later",
    help: "It has failed too often and is left alone for a while, or an operator has cut it off: `npx atoll breakers` says which.",
  },
  CANCELLED: {
    title: "The caller gave up waiting",
    outcome: "unknown",
    retry: "same-id",
    help: "The signal passed to the call was aborted. Ask again under the same command id to learn the outcome.",
  },
  COMMAND_ID_REUSED: {
    title: "The command id was used before, with another input",
    outcome: "not-delivered",
    retry: "never",
    help: "Use one id for one command: a retry repeats the input exactly, another command takes another id.",
  },
  COMMIT_REFUSED: {
    title: "The journal refuses to store this command",
    outcome: "not-delivered",
    retry: "never",
    help: "The journal named the cause; the command was taken out of its batch, others are not affected.",
  },
  DEADLINE: {
    title: "No answer within the deadline",
    outcome: "unknown",
    retry: "same-id",
    help: "Ask again under the same command id, or allow more time with `within`.",
  },
  DEFECT: {
    title: "The implementation threw",
    outcome: "not-delivered",
    retry: "never",
    help: "See the cause in the log; nothing was committed. A key that keeps failing is quarantined.",
  },
  HANDLER_FAILED: {
    title: "The handler threw after it may have acted",
    outcome: "unknown",
    retry: "same-id",
    help: "See the cause in the log. What the handler had already asked of others stays done.",
  },
  INVALID_CONFIG: {
    title: "The configuration is not valid",
    outcome: "not-delivered",
    retry: "never",
    help: "Correct the named value: a handler's in the environment or in `config`, in the form its schema asks for.",
  },
  INVALID_DEFINITION: {
    title: "The definition is not valid",
    outcome: "not-delivered",
    retry: "never",
    help: "Correct the definition at the named place.",
  },
  INVALID_INPUT: {
    title: "The input does not have the form the contract asks for",
    outcome: "not-delivered",
    retry: "never",
    help: "Correct the input at the named pointers.",
  },
  INVALID_REPLY: {
    title: "The reply does not have the form the contract promises",
    outcome: "unknown",
    retry: "never",
    help: "Correct the implementation: its reply must match `out`, its rejections `rejects`.",
  },
  JOURNAL_DAMAGED: {
    title: "The journal is damaged",
    outcome: "not-delivered",
    retry: "never",
    help: "Stop, copy the data directory, then restore it from a backup; nothing beyond the named position can be trusted.",
  },
  JOURNAL_FAILED: {
    title: "The journal could not store the command",
    outcome: "not-delivered",
    retry: "later",
    help: "The disk under the data directory reports errors; once it works, a running system resumes by itself.",
  },
  JOURNAL_FULL: {
    title: "The disk under the journal is full",
    outcome: "not-delivered",
    retry: "later",
    help: "Free space on the disk of the data directory; a running system then resumes by itself, without a restart.",
  },
  JOURNAL_IN_USE: {
    title: "Another process uses this data directory",
    outcome: "not-delivered",
    retry: "never",
    help: "Stop that process, or choose another directory with --data.",
  },
  JOURNAL_NEWER: {
    title: "The journal was written by a newer version",
    outcome: "not-delivered",
    retry: "never",
    help: "Install the newer version; this one must not write to a format it does not know.",
  },
  LINK_REFUSED: {
    title: "The other node refuses the link",
    outcome: "not-delivered",
    retry: "never",
    help: "The reason is named. Nodes of one system are started by one supervisor, which gives them names, secrets and tickets, from versions that share a protocol.",
  },
  LOG_FORKED: {
    title: "A position belongs to another history of the log",
    outcome: "not-delivered",
    retry: "never",
    help: "The log was restored or made anew: forget the session token, or rebuild what was derived from it with `npx atoll read-models rebuild SERVICE NAME`.",
  },
  MESSAGE_TOO_LARGE: {
    title: "The message is too large for a link",
    outcome: "not-delivered",
    retry: "never",
    help: "Send less in one message: pages of a list, or a reference to what is stored elsewhere.",
  },
  OVERLOADED: {
    title: "Too much work is waiting",
    outcome: "not-delivered",
    retry: "later",
    help: "Wait before asking again; the bound that was reached is named.",
  },
  PORT_TAKEN: {
    title: "The port is taken",
    outcome: "not-delivered",
    retry: "never",
    help: "Stop the process that listens there, or choose another port with --port.",
  },
  QUARANTINED: {
    title: "The entity kept failing and is quarantined",
    outcome: "not-delivered",
    retry: "later",
    help: "Look at the reason with `npx atoll quarantine list`; once mended, `npx atoll quarantine release SERVICE KEY`.",
  },
  SAGA_FAILED: {
    title: "The saga did not reach its end",
    outcome: "unknown",
    retry: "never",
    help: "What it had done was undone, or is owed as an apology: `npx atoll sagas show SERVICE KEY`. Start another one under another key.",
  },
  SAGA_NOT_RUNNING: {
    title: "There is no such saga, or it is past that",
    outcome: "not-delivered",
    retry: "never",
    help: "Signals go to a saga that was started and has not ended: `npx atoll sagas show SERVICE KEY` says where it is.",
  },
  SAGA_VERSION_MISSING: {
    title: "Running sagas need a version of their definition that is not there",
    outcome: "not-delivered",
    retry: "never",
    help: "Keep the definition of that version beside the newer ones until its sagas have ended: `npx atoll sagas list` of the older program shows them.",
  },
  TOO_OLD: {
    title: "The command id is older than the receipts that are kept",
    outcome: "unknown",
    retry: "never",
    help: "Read the entity to learn whether the command was applied; send a new command under a new id if it was not.",
  },
  UNAVAILABLE: {
    title: "The service cannot take the message now",
    outcome: "not-delivered",
    retry: "later",
    help: "Ask again after a pause.",
  },
  UNKNOWN_OUTCOME: {
    title: "It is not known whether the command took effect",
    outcome: "unknown",
    retry: "same-id",
    help: "Ask again under the same command id: it is applied once.",
  },
} as const satisfies { readonly [code: string]: Entry };

export type FailureCode = keyof typeof failures;

/** One thing that is wrong with a value: where (RFC 6901 pointer, "" is the whole) and what. */
export interface Issue {
  readonly pointer: string;
  readonly detail: string;
}

export interface FailureInit {
  /** One sentence: what happened, with the values that matter. */
  readonly what: string;
  /** Where: `contract/key.operation`, a file, a position. */
  readonly at?: string;
  readonly issues?: readonly Issue[];
  readonly cause?: unknown;
}

/** A registered failure. `message` says what happened, where, and what to do; `code` is stable across versions. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly what: string;
  readonly at: string | undefined;
  readonly issues: readonly Issue[];

  constructor(code: FailureCode, init: FailureInit) {
    const { title, help } = failures[code];
    super(
      `${title}${init.at === undefined ? "" : ` (${init.at})`}: ${init.what}. ${help}`,
      init.cause === undefined ? {} : { cause: init.cause },
    );
    this.code = code;
    this.what = init.what;
    this.at = init.at;
    this.issues = init.issues ?? [];
  }

  get outcome(): Outcome {
    return failures[this.code].outcome;
  }

  get retry(): Retry {
    return failures[this.code].retry;
  }
}
