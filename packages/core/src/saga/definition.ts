// `saga`: the definition of a process over several parties, as a function of named steps. Here it is typed and checked;
// the machine runs it.
import { Failure } from "../base/failure.ts";
import { milliseconds } from "../base/duration.ts";
import type { AnyContract, AnyOpRef, Contract, Deep, Duration, Implementation, OpRef, ReplyGiven } from "../contract/index.ts";
import { apologyWithin } from "./limits.ts";
import type { Run, SagaInput } from "./run.ts";

/** A saga's function as code that serves all sagas sees it. */
export interface SagaBehaviour {
  /** The command that starts it. */
  readonly command: AnyOpRef;
  readonly version: number;
  readonly run: (run: unknown, input: unknown) => unknown;
  /** Who owes the apologies of this saga; undefined: its service. */
  readonly owner: string | undefined;
  readonly apologyMs: number;
}

export interface AnySaga extends Implementation {
  readonly kind: "saga";
  readonly how: SagaBehaviour;
}

export interface Saga<D, O> extends AnySaga {
  readonly contract: Contract<D>;
  readonly command: OpRef<D, O>;
}

export interface SagaHow {
  /** Who owes an apology where an undo fails, as operators read it (the service's name by default), and how soon (7 days). */
  readonly apologies?: { readonly owner?: string; readonly within?: Duration };
}

/**
 * Implements a command as named steps, over any parties and any time, with undo beside do: it ends done, or undone, or parked where an
 * operator sees it (S6), and its caller hears the outcome. One saga per key, once: the command asked again with the same input waits for
 * the same outcome. `version` is stored at the start; definitions of several versions stand side by side, a running saga keeps its own,
 * a new one takes the highest. `run` may wait for steps, sleeps and signals and for nothing else: it is run again to come back to where it was.
 * Throws `Failure` INVALID_DEFINITION.
 */
export function saga<D, O>(
  command: OpRef<D, O>,
  version: number,
  run: NoInfer<(run: Run<D, O>, input: SagaInput<O>) => Promise<Deep<ReplyGiven<O>>>>,
  how: SagaHow = {},
): Saga<D, O> {
  const { contract } = command;
  const { owner, within = apologyWithin } = how.apologies ?? {};
  const behaviour: SagaBehaviour = Object.freeze({
    command: command as unknown as AnyOpRef,
    version,
    run: run as unknown as SagaBehaviour["run"],
    owner,
    apologyMs: milliseconds(within),
  });
  check(contract, behaviour);
  return Object.freeze({ kind: "saga", contract, command, how: behaviour });
}

function check(contract: AnyContract, { command, version, run }: SagaBehaviour): void {
  const { name, keyed, operations, topics } = contract.$;
  const at = `saga ${name}.${command.name}`;
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at });
  };
  if (command.kind !== "command") refuse("a saga implements a command, and this is a query");
  if (!keyed) refuse("the contract has no key, and a saga is found by one: give the contract a `key`");
  if (!Number.isSafeInteger(version) || version < 1) refuse(`the version is a whole number from 1, not ${String(version)}`);
  if (typeof run !== "function") refuse("`run` is not a function");
  for (const topic of Object.keys(topics)) refuse(`topic "${topic}": topics are published by entities; let a step tell one`);
  for (const { kind, name: other, operation } of Object.values(operations)) {
    if (other === command.name) continue;
    if (kind === "query") refuse(`query "${other}": a saga answers none; let a step tell an entity, which does`);
    if (operation.out !== undefined || operation.rejects !== undefined)
      refuse(
        `command "${other}" is a signal to the running saga, answered as soon as it is on disk: it has neither \`out\` nor \`rejects\``,
      );
  }
}
