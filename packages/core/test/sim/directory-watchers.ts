// Those in the processes of a virtual world who watch a directory.
import type { VirtualProcess, VirtualWorld } from "@atoll/core/runtime/virtual";

export class DirectoryWatchers {
  readonly #world: VirtualWorld;
  readonly #watchers: (readonly [VirtualProcess, () => void])[] = [];

  constructor(world: VirtualWorld) {
    this.#world = world;
  }

  add(process: VirtualProcess, changed: () => void): void {
    this.#watchers.push([process, changed]);
  }

  /** Something has changed: each hears of it in its own process. */
  tell(): void {
    for (const [process, changed] of this.#watchers) {
      const told = process.enter(this.#world.outside, () => {
        changed();
        return Promise.resolve();
      });
      told.catch(() => undefined); // that process is dead
    }
  }
}
