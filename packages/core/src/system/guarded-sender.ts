// Stands between the address books of one service and the router: calls of a contract that the service lists under `calls`
// go through its breaker, bulkhead and retry budget, all others straight on. A service that lists nothing has none.
import type { Failure, FailureCode } from "../base/failure.ts";
import type { MessageAnswer } from "../mailbox/index.ts";
import { Dependency, guarded, verdictOf, type Delivery, type DependencyPolicy } from "../resilience/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Each } from "./broadcast.ts";
import type { Call, Sender } from "./router.ts";

export const dependenciesOf = (service: string, calls: readonly DependencyPolicy[], runtime: Runtime): readonly Dependency[] =>
  calls.map((policy) => new Dependency({ service, policy, runtime }));

export class GuardedSender implements Sender {
  readonly #sender: Sender;
  readonly #runtime: Runtime;
  readonly #dependencies: ReadonlyMap<string, Dependency>;

  constructor(sender: Sender, dependencies: readonly Dependency[], runtime: Runtime) {
    this.#sender = sender;
    this.#runtime = runtime;
    this.#dependencies = new Map(dependencies.map((dependency) => [dependency.contract, dependency]));
  }

  send(call: Call, resolve: (answer: MessageAnswer) => void, reject: (failure: Failure) => void): Delivery | undefined {
    const { to, withinMs } = call;
    const contract = to.contract.$.name;
    const dependency = this.#dependencies.get(contract);
    if (!dependency) return this.#sender.send(call, resolve, reject);
    const identified = spread(this.#identified(call), dependency.policy.balance);
    return guarded<MessageAnswer>(
      dependency,
      {
        at: `${contract}.${to.name}`,
        isQuery: to.kind === "query",
        withinMs,
        deliver: (attemptMs, answered, failed) => this.#sender.send({ ...identified, withinMs: attemptMs }, answered, failed),
      },
      resolve,
      reject,
    );
  }

  /** One call, however many it asks: one place, one verdict, and no second attempt, because whoever has answered is not asked again. */
  sendEach(call: Call, resolve: (each: readonly Each[]) => void, reject: (failure: Failure) => void): Delivery | undefined {
    const { to, withinMs } = call;
    const contract = to.contract.$.name;
    const dependency = this.#dependencies.get(contract);
    if (!dependency) return this.#sender.sendEach(call, resolve, reject);
    return guarded<readonly Each[] | Failure>(
      dependency,
      {
        at: `${contract}.${to.name}`,
        isQuery: to.kind === "query",
        withinMs,
        deliver: (attemptMs, ended) => this.#sender.sendEach({ ...call, withinMs: attemptMs }, ended, ended),
        trouble: (outcome) => (isFailure(outcome) ? outcome.code : troubleOf(outcome)),
      },
      (outcome) => (isFailure(outcome) ? reject(outcome) : resolve(outcome)),
      reject,
    );
  }

  /** The router would give each attempt an id of its own. */
  #identified(call: Call): Call {
    if (call.to.kind === "query" || call.id !== undefined) return call;
    return { ...call, id: this.#runtime.random.id(), minted: this.#runtime.clock.now() };
  }
}

const isFailure = (outcome: readonly Each[] | Failure): outcome is Failure => !Array.isArray(outcome);

/** A dependency is in trouble as a whole when none of its instances has done its work. */
function troubleOf(each: readonly Each[]): FailureCode | undefined {
  let trouble: FailureCode | undefined;
  for (const { failure } of each) {
    if (!failure || verdictOf(failure.code) === "worked") return undefined;
    if (trouble === undefined || verdictOf(failure.code) === "failed") trouble = failure.code;
  }
  return trouble;
}

/** A call that says itself where it goes goes there. */
const spread = (call: Call, balance: DependencyPolicy["balance"]): Call =>
  balance === "least-loaded" || call.spread ? call : { ...call, spread: { kind: balance } };
