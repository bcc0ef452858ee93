// `at(Contract, key).operation(input)`: references that turn a call into a message. A reference is a plain object of a
// class made once per contract; there is nothing to look up and nothing behind it but the router.
import { Failure } from "../base/failure.ts";
import { milliseconds } from "../base/duration.ts";
import type { AnyContract, AnyOpRef, At, CallOptions } from "../contract/index.ts";
import type { MessageAnswer, Session } from "../mailbox/index.ts";
import { defaultWithinMs, type Call, type Sender } from "./router.ts";

/** Who asks: what every call of one address book has in common. */
export interface Asker {
  readonly caller: string;
  /** What it has seen so far, for a caller that wants to read what it wrote. */
  readonly session?: Session | undefined;
  /** The `traceparent` of its calls. */
  readonly trace?: string | undefined;
  /** Milliseconds left, for a caller that is itself under a deadline; undefined: the default. */
  withinMs?(): number;
  /** Identity of the next command, for a caller whose own command may be repeated. */
  identity?(): { readonly id: string; readonly minted: number } | undefined;
  /** Told of every nested command, and whether it certainly had no effect. */
  commanded?(settled: Promise<unknown>): void;
  /** Told of every answer that may be a rejection, before the caller has it. */
  union?(answer: object): void;
}

type ReferenceClass = new (asker: Asker, key: unknown) => object;

/** The reference classes of one router, made when a contract is first addressed. */
export class AddressBooks {
  readonly sender: Sender;
  readonly #classes = new Map<AnyContract, ReferenceClass>();

  constructor(router: Sender) {
    this.sender = router;
  }

  /** An address book that speaks for `asker`. */
  of(asker: Asker): At {
    const at = (contract: AnyContract, key?: unknown): object => {
      let Reference = this.#classes.get(contract);
      if (!Reference) this.#classes.set(contract, (Reference = referenceClass(contract, this.sender)));
      return new Reference(asker, key);
    };
    return at as unknown as At;
  }

  /** One for many askers at once: `trace` is asked at each call. */
  inTrace(caller: string, trace: () => string | undefined): At {
    return this.of({
      caller,
      get trace() {
        return trace();
      },
    });
  }
}

// Symbols and not private members: those would be others in each class, and setting them slower than all else of a reference.
const askerOf = Symbol("asker");
const keyOf = Symbol("key");

function referenceClass(contract: AnyContract, router: Sender): ReferenceClass {
  class Reference {
    readonly [askerOf]: Asker;
    readonly [keyOf]: unknown;

    constructor(asker: Asker, key: unknown) {
      this[askerOf] = asker;
      this[keyOf] = key;
    }
  }
  for (const operation of Object.values(contract.$.operations)) {
    const ask =
      operation.operation.in === undefined
        ? function (this: Reference, options?: CallOptions): Promise<unknown> {
            return call(router, this[askerOf], operation, this[keyOf], undefined, options);
          }
        : function (this: Reference, input: unknown, options?: CallOptions): Promise<unknown> {
            return call(router, this[askerOf], operation, this[keyOf], input, options);
          };
    Object.defineProperty(Reference.prototype, operation.name, { value: ask, enumerable: true });
  }
  return Reference;
}

function call(
  router: Sender,
  asker: Asker,
  to: AnyOpRef,
  key: unknown,
  input: unknown,
  options: CallOptions | undefined,
): Promise<unknown> {
  const dress = to.operation.rejects === undefined ? plainAnswer : asker.union ? notedAnswer(asker) : unionAnswer;
  const asked = new Promise<unknown>((resolve, reject) => {
    const sent = callOf(asker, to, key, input, options);
    const signal = options?.signal;
    if (signal)
      cancellable<MessageAnswer>(
        signal,
        to,
        (answered, failed) => router.send(sent, answered, failed),
        (answer) => resolve(dress(answer)),
        reject,
      );
    else router.send(sent, (answer) => resolve(dress(answer)), reject);
  });
  if (to.kind === "command") asker.commanded?.(asked);
  return asked;
}

/** Throws if the caller's own deadline has passed. */
export function callOf(asker: Asker, to: AnyOpRef, key: unknown, input: unknown, options: CallOptions | undefined): Call {
  const leftMs = asker.withinMs?.();
  if (leftMs !== undefined && leftMs <= 0)
    throw new Failure("UNAVAILABLE", { what: "the caller's own deadline has passed", at: `${to.contract.$.name}.${to.name}` });
  const identity = to.kind === "command" && options?.commandId === undefined ? asker.identity?.() : undefined;
  return {
    to,
    key,
    input,
    caller: asker.caller,
    id: options?.commandId ?? identity?.id,
    minted: identity?.minted,
    withinMs: within(options, leftMs),
    read: options?.read ?? "strong",
    session: asker.session,
    spread: options?.sticky === undefined ? undefined : { kind: "sticky", key: options.sticky },
    trace: asker.trace,
  };
}

function within(options: CallOptions | undefined, leftMs: number | undefined): number {
  const wanted = options?.within === undefined ? (leftMs ?? defaultWithinMs) : milliseconds(options.within);
  return leftMs === undefined ? wanted : Math.min(wanted, leftMs);
}

/** What is sent gives up when `signal` says so; no listener is left behind on a signal that outlives the call. */
export function cancellable<A>(
  signal: AbortSignal,
  to: AnyOpRef,
  send: (resolve: (answer: A) => void, reject: (failure: Failure) => void) => ReturnType<Sender["send"]>,
  resolve: (answer: A) => void,
  reject: (failure: Failure) => void,
): void {
  const at = `${to.contract.$.name}.${to.name}`;
  if (signal.aborted) {
    reject(new Failure("UNAVAILABLE", { what: "the signal was aborted before the call", at }));
    return;
  }
  const cancel = (): void => sent?.fail(new Failure("CANCELLED", { what: "the signal was aborted", at }));
  const settled = (): void => signal.removeEventListener("abort", cancel);
  const sent: ReturnType<Sender["send"]> = send(
    (answer) => {
      settled();
      resolve(answer);
    },
    (failure) => {
      settled();
      reject(failure);
    },
  );
  if (sent && !sent.settled) signal.addEventListener("abort", cancel);
}

export const plainAnswer = (answer: MessageAnswer): unknown => (answer.kind === "reply" ? answer.value : undefined);

export const unionAnswer = (answer: MessageAnswer): object =>
  answer.kind === "reply" ? { rejected: undefined, reply: answer.value } : { rejected: answer.name, details: answer.details };

const notedAnswer =
  (asker: Asker) =>
  (answer: MessageAnswer): unknown => {
    const dressed = unionAnswer(answer);
    asker.union?.(dressed);
    return dressed;
  };
