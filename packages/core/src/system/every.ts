// `every(Contract).operation(input)`: references that ask all instances of a service without keys (broadcast.ts).
import type { AnyContract, AnyOpRef, EachAnswer, Every, EveryOptions } from "../contract/index.ts";
import { type Asker, callOf, cancellable, plainAnswer, unionAnswer } from "./address-book.ts";
import type { Each } from "./broadcast.ts";
import type { Sender } from "./router.ts";

/** Asks for `asker`. */
export function everyOf(sender: Sender, asker: Asker): Every {
  const every = (contract: AnyContract): object =>
    Object.fromEntries(
      Object.values(contract.$.operations).map((to) => [
        to.name,
        to.operation.in === undefined
          ? (options?: EveryOptions) => ask(sender, asker, to, undefined, options)
          : (input: unknown, options?: EveryOptions) => ask(sender, asker, to, input, options),
      ]),
    );
  return every as unknown as Every;
}

async function ask(
  sender: Sender,
  asker: Asker,
  to: AnyOpRef,
  input: unknown,
  options: EveryOptions | undefined,
): Promise<readonly EachAnswer<unknown>[]> {
  const asked = send(sender, asker, to, input, options);
  if (to.kind === "command") asker.commanded?.(effectOf(asked));
  const dress = to.operation.rejects === undefined ? plainAnswer : unionAnswer;
  const each = await asked;
  return each.map((entry) => (entry.failure ? entry : { node: entry.node, failure: undefined, answer: dress(entry.answer) }));
}

function send(sender: Sender, asker: Asker, to: AnyOpRef, input: unknown, options: EveryOptions | undefined): Promise<readonly Each[]> {
  return new Promise((resolve, reject) => {
    const call = callOf(asker, to, undefined, input, options);
    const signal = options?.signal;
    if (signal) cancellable<readonly Each[]>(signal, to, (answered, failed) => sender.sendEach(call, answered, failed), resolve, reject);
    else sender.sendEach(call, resolve, reject);
  });
}

/** Rejects as not delivered if not one instance has taken it. */
async function effectOf(asked: Promise<readonly Each[]>): Promise<void> {
  const each = await asked;
  const [first] = each;
  if (first?.failure && each.every(({ failure }) => failure?.outcome === "not-delivered")) throw first.failure;
}
