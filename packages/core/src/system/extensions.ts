// Opens and closes what services hold in packages of their own (extension.ts).
import { Failure } from "../base/failure.ts";
import type { Implementation } from "../contract/index.ts";
import type { Deadlines, Message } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { TableStore } from "../tables/index.ts";
import type { Service } from "./definition.ts";
import type { EventSources } from "./event-sources.ts";
import type { ExtensionPart, OpenExtension, ServiceRoom } from "./extension.ts";
import type { ParkedEntity, ReadModelControl, ReadModels, ReadModelStatus, Retried } from "./read-models.ts";
import type { RingSharing } from "./ring.ts";
import type { Receiver, Router } from "./router.ts";

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

type Reader = Pick<OpenExtension, "receive" | "close">;

export class Extensions implements ReadModels {
  readonly #init: ExtensionsInit;
  readonly #open: Opened[] = [];
  readonly #readers = new Set<Reader>();
  #closed = false;

  constructor(init: ExtensionsInit) {
    this.#init = init;
  }

  /** Once the logs of all services are open. Rejects with a `Failure`; what was opened before is then for `close`. */
  async open(service: Service): Promise<void> {
    for (const part of service.parts.filter(isExtension))
      this.#init.router.add(service.name, part.contract, await this.#openPart(service.name, part));
  }

  /**
   * As `open`, for parts that may have to wait for other nodes: until then what is asked of them waits, within its deadline. Of a service that
   * several nodes run they are where its log is open; the others answer what they can from the same tables, and send there the rest.
   */
  openWhenThere(service: Service, sharing: RingSharing | undefined): void {
    const { router, deadlines } = this.#init;
    for (const part of service.parts.filter(isExtension)) {
      const at = `service "${service.name}": ${part.contract.$.name}`;
      const elsewhere = sharing && !sharing.hosts ? this.#reader(service.name, part, sharing.toHost) : undefined;
      const door = new WaitingRoom(deadlines, at, elsewhere);
      router.add(service.name, part.contract, door, sharing ? "shared" : "here");
      const open = (): void => {
        this.#openBehind(door, service.name, part);
        if (elsewhere) void this.#closeReader(elsewhere);
      };
      if (sharing) sharing.whenHosting(open);
      else open();
    }
  }

  #reader(service: string, part: ExtensionPart, host: Receiver): Reader | Receiver {
    if (!this.#init.tables || !part.read) return host;
    const reader = part.read(this.#room(service, this.#init.tables), (message) => host.receive(message));
    this.#readers.add(reader);
    return reader;
  }

  async #closeReader(reader: Reader | Receiver): Promise<void> {
    if (!("close" in reader)) return;
    this.#readers.delete(reader);
    await reader.close();
  }

  #room(service: string, tables: TableStore): ServiceRoom {
    const { runtime, deadlines, sources } = this.#init;
    return { service, runtime, deadlines, tables, source: async (of) => sources.of(service, of)() };
  }

  #openBehind(door: WaitingRoom, service: string, part: ExtensionPart): void {
    door.expect();
    this.#openPart(service, part).then(
      (extension) => door.open(extension),
      (error: unknown) => {
        this.#init.runtime.logger.log("error", "service.part_not_opened", { service, contract: part.contract.$.name, error });
        door.close(error instanceof Failure ? error : new Failure("DEFECT", { what: String(error), at: part.contract.$.name }));
      },
    );
  }

  async #openPart(service: string, part: ExtensionPart): Promise<OpenExtension> {
    const { tables } = this.#init;
    const contract = part.contract.$.name;
    if (!tables) {
      const at = `service "${service}", contract "${contract}"`;
      throw new Failure("INVALID_DEFINITION", { what: "it needs tables, and this platform has none", at });
    }
    const extension = await part.open(this.#room(service, tables));
    if (this.#closed) await extension.close();
    else this.#open.push({ service, contract, extension });
    return extension;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const readers = [...this.#readers].map((reader) => this.#closeReader(reader));
    await Promise.all([...this.#open.splice(0).map(({ extension }) => extension.close()), ...readers]);
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

const waitingMax = 1_000;

/** Keeps what is asked of a part that is not open yet. */
class WaitingRoom {
  readonly #deadlines: Deadlines;
  readonly #at: string;
  readonly #waiting: Message[] = [];
  /** Who answers as long as it is not to be opened here. */
  #elsewhere: Receiver | undefined;
  #receiver: Pick<OpenExtension, "receive"> | undefined;
  #failure: Failure | undefined;

  constructor(deadlines: Deadlines, at: string, elsewhere: Receiver | undefined) {
    this.#deadlines = deadlines;
    this.#at = at;
    this.#elsewhere = elsewhere;
  }

  /** It is to be opened here. */
  expect(): void {
    this.#elsewhere = undefined;
  }

  receive(message: Message): void {
    if (this.#receiver) return this.#receiver.receive(message);
    // Whoever sent it to the host knows that it is to be here, before this node does.
    if (this.#elsewhere && message.spread?.kind !== "host") return this.#elsewhere.receive(message);
    if (this.#failure) return message.fail(this.#failure);
    if (this.#waiting.length >= waitingMax) {
      return message.fail(new Failure("OVERLOADED", { what: `${waitingMax} wait until it is open`, at: this.#at }));
    }
    this.#waiting.push(message);
    this.#deadlines.watch(message);
  }

  open(receiver: Pick<OpenExtension, "receive">): void {
    this.#receiver = receiver;
    for (const message of this.#waiting.splice(0)) if (!message.settled) receiver.receive(message);
  }

  close(failure: Failure): void {
    this.#failure = failure;
    for (const message of this.#waiting.splice(0)) message.fail(failure);
  }
}

const isExtension = (part: { readonly kind: Implementation["kind"] }): part is ExtensionPart => part.kind === "readModel";
