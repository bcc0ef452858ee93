// `tell(Contract, key).command(input)`: turns what looks like a call into a command as data, for whoever takes it: a
// subscription that runs, or the outbox of a service.
import type { AnyContract, AnyOpRef, Tell, Told } from "../contract/index.ts";

/** A command to be told. Key and input are as they were given, not validated yet. */
export interface ToldCommand {
  readonly to: AnyOpRef;
  readonly key: unknown;
  readonly input: unknown;
}

type Take = (command: ToldCommand) => Told;
type ReferenceClass = new (take: Take, key: unknown) => object;

/** The reference classes of one system, made when a contract is first told something. */
export class TellBooks {
  readonly #classes = new Map<AnyContract, ReferenceClass>();

  /** A `tell` that hands every command to `take`. */
  of(take: Take): Tell {
    const tell = (contract: AnyContract, key?: unknown): object => {
      let Reference = this.#classes.get(contract);
      if (!Reference) this.#classes.set(contract, (Reference = referenceClass(contract)));
      return new Reference(take, key);
    };
    return tell as unknown as Tell;
  }
}

function referenceClass(contract: AnyContract): ReferenceClass {
  class Reference {
    readonly #take: Take;
    readonly #key: unknown;

    constructor(take: Take, key: unknown) {
      this.#take = take;
      this.#key = key;
    }

    static take(from: Reference, to: AnyOpRef, input: unknown): Told {
      return from.#take({ to, key: from.#key, input });
    }
  }
  for (const to of Object.values(contract.$.operations)) {
    if (to.kind !== "command") continue; // nobody would hear the answer of a query
    const value = function (this: Reference, input?: unknown): Told {
      return Reference.take(this, to, input);
    };
    Object.defineProperty(Reference.prototype, to.name, { value, enumerable: true });
  }
  return Reference;
}
