// Who waits until something is so: looked at when somebody says that things have changed.
export class Conditions {
  readonly #waiting: { readonly is: () => boolean; readonly resolve: () => void }[] = [];

  until(is: () => boolean): Promise<void> {
    return is() ? Promise.resolve() : new Promise((resolve) => this.#waiting.push({ is, resolve }));
  }

  changed(): void {
    if (this.#waiting.length === 0) return;
    for (const one of this.#waiting.splice(0)) {
      if (one.is()) one.resolve();
      else this.#waiting.push(one);
    }
  }
}
