// `adapter`: an older version of a contract, kept alive by translation into the newer one, at the same address. The address has
// no version, the message does; so callers of both are served side by side, and each moves over when it likes.
import { Failure } from "../base/failure.ts";
import { checkFunctions, tableOf } from "../contract/index.ts";
import type {
  AnyContract,
  Contract,
  Deep,
  Implementation,
  In,
  Ops,
  Ref,
  Reject,
  Rejection,
  ReplyGiven,
  Schema,
  Taken,
} from "../contract/index.ts";
import type { HandlersBehaviour } from "./definition.ts";

/** Runs as handlers do: deadline, identity and access are theirs. */
export interface AnyAdapter extends Implementation {
  readonly kind: "adapter";
  /** The contract into which it translates. */
  readonly now: AnyContract;
  readonly how: HandlersBehaviour;
}

export interface Adapter<D> extends AnyAdapter {
  readonly contract: Contract<D>;
}

type Translate = (input: unknown, now: unknown, cx: unknown) => unknown;

/**
 * Implements `old` by calls of `now`, another version of the same contract: same name, same key, both answered at once. Commands keep
 * their identity, so one that is repeated is applied once. It calls as its own service, which must implement `now`. Throws `Failure`
 * INVALID_DEFINITION.
 */
export function adapter<A, B>(
  old: Contract<A>,
  now: Contract<B>,
  how: NoInfer<{
    readonly [K in keyof Ops<A>]: (
      input: Taken<In<Ops<A>[K]>>,
      now: Ref<B>,
      cx: { readonly reject: Reject<Ops<A>[K], Rejection> },
    ) => Promise<Deep<ReplyGiven<Ops<A>[K]>> | Rejection>;
  }>,
): Adapter<A> {
  const translations = how as unknown as { readonly [name: string]: Translate };
  check(old, now, translations);
  const { keyed } = (now as AnyContract).$;
  const handle: Record<string, HandlersBehaviour["handle"][string]> = {};
  for (const [name, translate] of Object.entries(translations)) {
    handle[name] = (input, cx) => {
      const { at, key, reject } = cx as { at: (contract: unknown, key?: string) => unknown; key: string; reject: unknown };
      return translate(input, keyed ? at(now, key) : at(now), { reject });
    };
  }
  const behaviour: HandlersBehaviour = Object.freeze({ config: tableOf<Schema>({}), handle: tableOf(handle) });
  return Object.freeze({ kind: "adapter", contract: old, now, how: behaviour });
}

function check({ $: old }: AnyContract, { $: now }: AnyContract, how: { readonly [name: string]: Translate }): void {
  const at = `adapter ${old.name}`;
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at });
  };
  if (old.name !== now.name) refuse(`it translates between versions of one contract, not from "${old.name}" into "${now.name}"`);
  if (old.version === now.version) refuse(`both contracts are version ${old.version}: a contract that has changed has a higher version`);
  if (old.keyed !== now.keyed) refuse("one version has a key and the other has none: they have no address in common");
  for (const topic of Object.keys(old.topics)) refuse(`topic "${topic}": adapters translate calls; publish the old form from the entity`);
  checkFunctions(how, { at, section: "the adapter", per: "operation", names: Object.keys(old.operations) });
}
