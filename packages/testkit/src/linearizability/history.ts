// What was asked of something and what it answered, in the order in which that happened; what a checker of consistency judges.

/** One operation on one key. Times may be anything that rises with what happens; of two that are equal nobody knows which was first. */
export interface Operation<Input, Output> {
  readonly key: string;
  readonly input: Input;
  readonly called: number;
  /**
   * Undefined: not answered, or answered with a failure that leaves open whether it happened. It may have taken effect at any moment after
   * its call, may yet, or never will.
   */
  readonly answer: { readonly returned: number; readonly output: Output } | undefined;
}

/** An operation that was called; open until one of these is said. */
export interface Called<Output> {
  returned(output: Output): void;
  /** It certainly had no effect and never will. */
  refused(): void;
}

/** Records operations as they are called and answered. Its times are the numbers of these events, so no two are equal. */
export class History<Input, Output> {
  #events = 0;
  readonly #operations = new Map<number, Operation<Input, Output>>();

  get operations(): readonly Operation<Input, Output>[] {
    return [...this.#operations.values()];
  }

  call(key: string, input: Input): Called<Output> {
    const called = ++this.#events;
    this.#operations.set(called, { key, input, called, answer: undefined });
    return {
      returned: (output) => void this.#operations.set(called, { key, input, called, answer: { returned: ++this.#events, output } }),
      refused: () => void this.#operations.delete(called),
    };
  }
}
