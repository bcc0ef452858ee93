// The paths at which the outcomes of accepted requests will be seen. Several requests may name the same one.

export class LaterPlaces {
  readonly #requests = new Map<string, number>();

  add(path: string): void {
    this.#requests.set(path, (this.#requests.get(path) ?? 0) + 1);
  }

  remove(path: string): void {
    const left = (this.#requests.get(path) ?? 0) - 1;
    if (left > 0) this.#requests.set(path, left);
    else this.#requests.delete(path);
  }

  has(path: string): boolean {
    return this.#requests.has(path);
  }
}
