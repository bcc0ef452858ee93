// An always-on assertion for what only a bug in our own code can break. A broken assertion is never input's fault:
// input is refused with a `Failure`.

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new AssertionError(`invariant broken: ${invariant}`);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never, where: string): never {
  throw new AssertionError(`invariant broken: ${where} met ${JSON.stringify(value)}`);
}
