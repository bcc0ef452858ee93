// `handlers`: the definition of a contract's stateless implementation, the only user code that does I/O. Here it is typed
// and checked for completeness; the runtime of handlers runs it.
import { Failure } from "../base/failure.ts";
import { checkFunctions, checkMembers, isSchema, tableOf } from "../contract/index.ts";
import type { Network } from "../runtime/index.ts";
import type {
  AnyContract,
  At,
  Contract,
  Deep,
  Every,
  Implementation,
  In,
  Moment,
  Ops,
  Reject,
  Rejection,
  ReplyGiven,
  Schema,
  Table,
  Taken,
  Tell,
} from "../contract/index.ts";

/** What a handler gets beside its input: everything it may reach. */
export interface HandlerContext<O, C> extends Moment {
  /** Calls others, as the own service. */
  readonly at: At;
  /** Asks every instance of a service without keys, as the own service: of that itself too, this one included. */
  readonly every: Every;
  /**
   * Tells others, as the own service, without waiting for them: `await cx.tell(Stock, "tea").release(…)` resolves once the command is
   * in the own service's log. What one handler tells one target arrives in that order, once, whatever crashes.
   */
  readonly tell: Tell;
  /** Read and validated once, when the system starts. */
  readonly config: { readonly [K in keyof C]: Taken<C[K]> };
  /** The same on every retry of one command: pass it on to an outside party as its idempotency key. */
  readonly commandId: string;
  /** Aborted when the deadline passes or the caller gives up: pass it on to whatever waits. */
  readonly signal: AbortSignal;
  /** Sends `trace` along, unless the request says which `traceparent` it has. */
  readonly fetch: Network["fetch"];
  /** The value of a `traceparent` header (W3C Trace Context) for what this handler asks of others; undefined if it was asked without one. */
  readonly trace: string | undefined;
  /** Uniform in [0, 1). Not for secrets. */
  readonly random: () => number;
  readonly reject: Reject<O, Rejection>;
}

/** What a handler gives back, at once or later. */
type HandlerAnswer<O> = Deep<ReplyGiven<O>> | Rejection;

/** The functions as code that serves all handlers sees them: complete, with the types that the definition proved taken off. */
export interface HandlersBehaviour {
  /** By name of an environment variable; each takes a string, or undefined if it is not set. */
  readonly config: Table<Schema>;
  readonly handle: Table<(input: unknown, cx: unknown) => unknown>;
}

export interface AnyHandlers extends Implementation {
  readonly kind: "handlers";
  readonly how: HandlersBehaviour;
}

export interface Handlers<D> extends AnyHandlers {
  readonly contract: Contract<D>;
}

/**
 * Implements a contract without state of its own, any number of calls at a time. A handler that throws may have acted, so its
 * caller gets HANDLER_FAILED, outcome unknown; a rejection is returned, not thrown. Throws `Failure` INVALID_DEFINITION if an
 * operation has no handler.
 */
export function handlers<D, C extends { readonly [name: string]: Schema } = {}>(
  contract: Contract<D>,
  how: {
    /** By name of an environment variable, whose values are strings: a number is `z.coerce.number<string>()`. */
    readonly config?: C;
    readonly handle: NoInfer<{
      readonly [K in keyof Ops<D>]: (
        input: Taken<In<Ops<D>[K]>>,
        cx: HandlerContext<Ops<D>[K], C>,
      ) => HandlerAnswer<Ops<D>[K]> | Promise<HandlerAnswer<Ops<D>[K]>>;
    }>;
  },
): Handlers<D> {
  const behaviour = behaviourOf(contract, how as unknown as Partial<HandlersBehaviour>);
  return Object.freeze({ kind: "handlers", contract, how: behaviour });
}

/**
 * For a handler to throw when an outside party gave no usable answer: UNKNOWN_OUTCOME, to be retried under the same command id.
 * `why` is one sentence without its full stop.
 */
export function unavailable(why: string): Failure {
  return new Failure("UNKNOWN_OUTCOME", { what: why });
}

function behaviourOf(contract: AnyContract, how: Partial<HandlersBehaviour>): HandlersBehaviour {
  const { config = {}, handle = {} } = how;
  const { name, operations, topics } = contract.$;
  const at = `handlers ${name}`;
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at });
  };
  checkMembers(how, { at, of: "handlers", members: ["config", "handle"] });
  for (const topic of Object.keys(topics)) refuse(`topic "${topic}": topics are published by entities, handlers have no events`);
  for (const [variable, schema] of Object.entries(config)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) refuse(`config "${variable}" is not the name of an environment variable`);
    if (!isSchema(schema)) refuse(`config "${variable}" is not a schema (Standard Schema v1)`);
  }
  checkFunctions(handle, { at, section: "handle", per: "operation", names: Object.keys(operations) });
  return Object.freeze({ config: tableOf(config), handle: tableOf(handle) });
}
