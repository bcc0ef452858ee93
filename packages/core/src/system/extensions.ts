// Opens and closes what services hold in packages of their own (extension.ts).
import { Failure } from "../base/failure.ts";
import type { Implementation } from "../contract/index.ts";
import type { Deadlines } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Service } from "./definition.ts";
import type { EventSources } from "./event-sources.ts";
import type { ExtensionPart, OpenExtension, TableStore } from "./extension.ts";
import type { Router } from "./router.ts";

export interface ExtensionsInit {
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly sources: EventSources;
  readonly router: Router;
  /** Undefined on a platform that has none. */
  readonly tables: TableStore | undefined;
}

export class Extensions {
  readonly #init: ExtensionsInit;
  readonly #open: OpenExtension[] = [];

  constructor(init: ExtensionsInit) {
    this.#init = init;
  }

  /** Once the logs of all services are open. Rejects with a `Failure`; what was opened before is then for `close`. */
  async open({ name, parts }: Service): Promise<void> {
    const { runtime, deadlines, sources, router, tables } = this.#init;
    for (const part of parts) {
      if (!isExtension(part)) continue;
      const at = `service "${name}", contract "${part.contract.$.name}"`;
      if (!tables) throw new Failure("INVALID_DEFINITION", { what: "it needs tables, and this platform has none", at });
      const opened = await part.open({ service: name, runtime, deadlines, tables, source: (of) => sources.of(name, of) });
      this.#open.push(opened);
      router.add(name, part.contract, opened);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((extension) => extension.close()));
  }
}

const isExtension = (part: { readonly kind: Implementation["kind"] }): part is ExtensionPart => part.kind === "readModel";
