// Opens and closes what services hold in packages of their own (extension.ts).
import { Failure } from "../base/failure.ts";
import type { Implementation } from "../contract/index.ts";
import type { Deadlines } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { TableStore } from "../tables/index.ts";
import type { Service } from "./definition.ts";
import type { EventSources } from "./event-sources.ts";
import type { ExtensionPart, OpenExtension } from "./extension.ts";
import type { ParkedEntity, ReadModelControl, ReadModels, ReadModelStatus, Retried } from "./read-models.ts";
import type { Router } from "./router.ts";

export interface ExtensionsInit {
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly sources: EventSources;
  readonly router: Router;
  /** Undefined on a platform that has none. */
  readonly tables: TableStore | undefined;
}

interface Opened {
  readonly service: string;
  readonly contract: string;
  readonly extension: OpenExtension;
}

export class Extensions implements ReadModels {
  readonly #init: ExtensionsInit;
  readonly #open: Opened[] = [];

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
      const extension = await part.open({ service: name, runtime, deadlines, tables, source: (of) => sources.of(name, of) });
      this.#open.push({ service: name, contract: part.contract.$.name, extension });
      router.add(name, part.contract, extension);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map(({ extension }) => extension.close()));
  }

  list(): readonly ReadModelStatus[] {
    return this.#open.flatMap(({ extension }) => extension.control?.status() ?? []);
  }

  parked(): readonly ParkedEntity[] {
    return this.#open.flatMap(({ extension }) => extension.control?.parked() ?? []);
  }

  async retry(service: string, readModel: string, key?: string): Promise<Retried> {
    return this.#control(service, readModel).retry(key);
  }

  async rebuild(service: string, readModel: string): Promise<void> {
    return this.#control(service, readModel).rebuild();
  }

  #control(service: string, readModel: string): ReadModelControl {
    const found = this.#open.find((opened) => opened.service === service && opened.contract === readModel)?.extension.control;
    if (found) return found;
    throw new Failure("UNAVAILABLE", { what: `service "${service}" has no read model "${readModel}" here`, at: "read models" });
  }
}

const isExtension = (part: { readonly kind: Implementation["kind"] }): part is ExtensionPart => part.kind === "readModel";
