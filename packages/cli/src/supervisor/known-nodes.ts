// The directory of a node that a supervisor looks after: what it was told last.
import type { ServicePlan } from "@atoll/core/cluster";
import type { Directory } from "@atoll/core/ring";
import type { Address } from "@atoll/core/transport";
import type { DirectoryEntries } from "./channel.ts";

export class KnownNodes implements Directory {
  readonly #watchers: (() => void)[] = [];
  #entries: DirectoryEntries;

  constructor(entries: DirectoryEntries) {
    this.#entries = entries;
  }

  nodes(service: string): readonly Address[] {
    return this.#entries[service]?.nodes ?? [];
  }

  lost(service: string): string | undefined {
    return this.#entries[service]?.lost;
  }

  plan(service: string): ServicePlan | undefined {
    return this.#entries[service]?.plan;
  }

  watch(changed: () => void): void {
    this.#watchers.push(changed);
  }

  tell(entries: DirectoryEntries): void {
    this.#entries = entries;
    for (const changed of this.#watchers) changed();
  }
}
