// How a service treats one of the contracts it calls: as its author writes it, and as it is decoded, once, when the service
// is defined.
import { milliseconds, type Duration } from "../base/duration.ts";
import { Failure } from "../base/failure.ts";
import { checkMembers, type AnyContract } from "../contract/index.ts";
import type { BreakerPolicy } from "./breaker.ts";
import type { BulkheadPolicy } from "./bulkhead.ts";
import type { RetryPolicy } from "./retry.ts";

export interface CallPolicy {
  /** For one attempt to be answered; after that DEADLINE. Default 10 s; never more than the caller has left. */
  readonly within?: Duration;
  /** Calls under way at the same time, 1 to 10,000. Default 100. */
  readonly concurrency?: number;
  /** Calls that wait until one of them has ended, 0 to 10,000; beyond: OVERLOADED. Default: as many as `concurrency`. */
  readonly waiting?: number;
  /**
   * Every dependency has a breaker, so that an operator can cut it off. It opens when at least `failures` calls (default 5)
   * failed `within` a time (default 10 s) and no fewer failed than worked in it; after `halfOpenAfter` (default 5 s) one call
   * may try.
   */
  readonly breaker?: { readonly failures?: number; readonly within?: Duration; readonly halfOpenAfter?: Duration };
  /**
   * Without it nothing is sent again. With it: what failed and may be sent again is, under the same command id, at most
   * `attempts` times in all (2 to 10, default 3), after a `pause` (default 100 ms) that doubles each time and is jittered, and
   * before the caller's deadline. `budget`: retries per call, above 0 and at most 1, beyond a small reserve. Default 0.1.
   */
  readonly retry?: { readonly attempts?: number; readonly budget?: number; readonly pause?: Duration };
  /**
   * Which instance of a stateless service takes a call. "least-loaded", the default: of two picked at random the one that answers
   * faster and has less to do, so that one that is slow loses its load; "round-robin": all in turn. A call with `sticky` goes by that.
   */
  readonly balance?: "least-loaded" | "round-robin";
}

/** A contract that the service calls, and how. */
export type CalledContract = readonly [contract: AnyContract, policy: CallPolicy];

export interface DependencyPolicy {
  /** Name of the contract: all its versions are one dependency, at one address. */
  readonly contract: string;
  /** For one attempt. */
  readonly withinMs: number;
  readonly bulkhead: BulkheadPolicy;
  readonly breaker: BreakerPolicy;
  readonly retry: RetryPolicy;
  readonly balance: "least-loaded" | "round-robin";
}

const concurrencyMax = 10_000;
const waitingMax = 10_000;
/** Of a breaker; its window counts any number. */
const failuresMax = 10_000;
const attemptsMax = 10;

/** Throws INVALID_DEFINITION, naming contract and member. `at`: `service "orders"`. */
export function decodeCalls(calls: unknown, at: string): readonly DependencyPolicy[] {
  if (!Array.isArray(calls)) throw new Failure("INVALID_DEFINITION", { what: "`calls` is a list of [Contract, { … }]", at });
  const seen = new Set<string>();
  return calls.map((entry: unknown, i) => {
    const [contract, policy, ...more] = (Array.isArray(entry) ? entry : []) as unknown[];
    const name = (contract as Partial<AnyContract> | undefined)?.$?.name;
    if (name === undefined || !isRecord(policy) || more.length > 0)
      throw new Failure("INVALID_DEFINITION", { what: `\`calls\` entry ${i} is not [Contract, { … }]: a contract and how to call it`, at });
    if (seen.has(name)) throw new Failure("INVALID_DEFINITION", { what: `\`calls\` names contract "${name}" twice`, at });
    seen.add(name);
    return decode(name, policy, `${at} calls ${name}`);
  });
}

function decode(contract: string, policy: { readonly [member: string]: unknown }, at: string): DependencyPolicy {
  checkMembers(policy, {
    at,
    of: "how a contract is called",
    members: ["within", "concurrency", "waiting", "breaker", "retry", "balance"],
  });
  const breaker = section(policy, "breaker", ["failures", "within", "halfOpenAfter"], at) ?? {};
  const retry = section(policy, "retry", ["attempts", "budget", "pause"], at);
  const concurrency = whole(policy["concurrency"], 100, 1, concurrencyMax, `${at}: concurrency`);
  return Object.freeze({
    contract,
    withinMs: duration(policy["within"], "10s", `${at}: within`),
    bulkhead: { concurrency, waiting: whole(policy["waiting"], concurrency, 0, waitingMax, `${at}: waiting`) },
    breaker: {
      failures: whole(breaker["failures"], 5, 1, failuresMax, `${at}: breaker.failures`),
      withinMs: duration(breaker["within"], "10s", `${at}: breaker.within`),
      halfOpenAfterMs: duration(breaker["halfOpenAfter"], "5s", `${at}: breaker.halfOpenAfter`),
    },
    retry: {
      attempts: retry ? whole(retry["attempts"], 3, 2, attemptsMax, `${at}: retry.attempts`) : 1,
      budget: share(retry?.["budget"], 0.1, `${at}: retry.budget`),
      pauseMs: duration(retry?.["pause"], "100ms", `${at}: retry.pause`),
    },
    balance: balanceOf(policy["balance"], `${at}: balance`),
  });
}

function balanceOf(value: unknown, at: string): DependencyPolicy["balance"] {
  if (value === undefined) return "least-loaded";
  if (value === "least-loaded" || value === "round-robin") return value;
  throw new Failure("INVALID_DEFINITION", { what: `it is "least-loaded" or "round-robin", not ${shown(value)}`, at });
}

const isRecord = (value: unknown): value is { readonly [member: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function section(
  policy: { readonly [member: string]: unknown },
  name: string,
  members: readonly string[],
  at: string,
): { readonly [member: string]: unknown } | undefined {
  const value = policy[name];
  if (value === undefined) return undefined;
  if (!isRecord(value)) throw new Failure("INVALID_DEFINITION", { what: `\`${name}\` is an object of ${members.join(", ")}`, at });
  checkMembers(value, { at, of: `\`${name}\``, members });
  return value;
}

function whole(value: unknown, byDefault: number, min: number, max: number, at: string): number {
  if (value === undefined) return byDefault;
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw new Failure("INVALID_DEFINITION", { what: `it is a whole number from ${min} to ${max}, not ${shown(value)}`, at });
}

function share(value: unknown, byDefault: number, at: string): number {
  if (value === undefined) return byDefault;
  if (typeof value === "number" && value > 0 && value <= 1) return value;
  throw new Failure("INVALID_DEFINITION", { what: `it is retries per call, above 0 and at most 1, not ${shown(value)}`, at });
}

const shown = (value: unknown): string => (typeof value === "number" ? `${value}` : JSON.stringify(value));

const duration = (value: unknown, byDefault: Duration, at: string): number =>
  milliseconds(value === undefined ? byDefault : (value as Duration), at);
