// Stands between the address books of one service and the router: calls of a contract that the service lists under `calls`
// go through its breaker, bulkhead and retry budget, all others straight on. A service that lists nothing has none.
import type { Failure } from "../base/failure.ts";
import type { MessageAnswer } from "../mailbox/index.ts";
import { Dependency, guarded, type Delivery, type DependencyPolicy } from "../resilience/index.ts";
import type { Runtime } from "../runtime/index.ts";
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
        withinMs,
        deliver: (attemptMs, answered, failed) => this.#sender.send({ ...identified, withinMs: attemptMs }, answered, failed),
      },
      resolve,
      reject,
    );
  }

  /** The router would give each attempt an id of its own. */
  #identified(call: Call): Call {
    if (call.to.kind === "query" || call.id !== undefined) return call;
    return { ...call, id: this.#runtime.random.id(), minted: this.#runtime.clock.now() };
  }
}

/** A call that says itself where it goes goes there. */
const spread = (call: Call, balance: DependencyPolicy["balance"]): Call =>
  balance === "least-loaded" || call.spread ? call : { ...call, spread: { kind: balance } };
