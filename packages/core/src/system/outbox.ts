// What the handlers of one service tell: a command to an internal entity of the service, whose events a built-in subscription
// delivers. A tell is durable once that entity has recorded it, and is told once however often the handler's own command is
// repeated, as long as the entity knows its id (ADR 0005).
//
// The log of a service that keeps no state is opened by its first tell, and from then on at every start. Where the built-in
// subscription begins is on disk before the first tell is.
import { hash32 } from "../base/hash.ts";
import { frozenCopy, ownContract, type AnyOpRef, type KeySchema, type Schema } from "../contract/index.ts";
import { entity, EntityHost, entityLimits } from "../entity/index.ts";
import { Message, type Deadlines } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { ToldCommand } from "../subscription/index.ts";
import type { Router } from "./router.ts";
import type { OpenLog, ServiceLog } from "./service-log.ts";

/** Entities that the tells of a service are spread over by their target, so that each remembers the ids of few. */
const shards = 256;

/** JSON that the platform itself has written. */
const own: Schema & KeySchema = { "~standard": { version: 1, vendor: "atoll", validate: (value) => ({ value: value as string }) } };

/** As it is stored: key and input in the form that the sender gave, checked by the sender's contract. */
interface StoredTell {
  readonly contract: string;
  readonly version: number;
  readonly command: string;
  readonly key?: unknown;
  readonly input?: unknown;
}

export const outboxName = "$outbox";

const Outgoing = ownContract(outboxName, { version: 1, key: own, commands: { tell: { in: own } } });

const outgoing = entity(Outgoing, {
  state: own,
  initial: "",
  events: { Told: own },
  decide: { tell: (_, told, turn) => turn.emit("Told", told) },
  evolve: { Told: (state) => state },
});

export interface OutboxInit {
  readonly service: string;
  readonly log: ServiceLog;
  readonly router: Router;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  /** Called before anything is recorded; it is repeated if it rejects. */
  readonly opened: (host: EntityHost, log: OpenLog) => Promise<void>;
}

/** Identity and deadline of one tell. */
export interface Telling {
  readonly id: string;
  readonly minted: number;
  readonly withinMs: number;
}

export class Outbox {
  readonly #init: OutboxInit;
  #opening: Promise<EntityHost> | undefined;
  #host: EntityHost | undefined;

  constructor(init: OutboxInit) {
    this.#init = init;
  }

  /** Idempotent. Rejects with a `Failure`; the next tell tries again. */
  open(): Promise<EntityHost> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw this.#init.log.failure(error);
    });
    return this.#opening;
  }

  /** Resolves once it is in the log. Rejects with a `Failure`. */
  async record({ to, key, input }: ToldCommand, { id, minted, withinMs }: Telling): Promise<void> {
    const { service, router } = this.#init;
    const { name, version, checkKey } = to.contract.$;
    const shard = String(hash32(`${name}\u0000${checkKey(key)}`) % shards);
    to.checks.input(input);
    const stored: StoredTell = {
      contract: name,
      version,
      command: to.name,
      ...(key === undefined ? {} : { key: frozenCopy(key) }),
      ...(input === undefined ? {} : { input: frozenCopy(input) }),
    };
    const host = await this.open();
    await new Promise<void>((resolve, reject) => {
      const message = { to: Outgoing.tell as AnyOpRef, key: shard, input: stored, caller: service, id, minted, timeless: false };
      host.receive(new Message({ ...message, withinMs, read: "strong", session: undefined }, router.inbox, () => resolve(), reject));
    });
  }

  /** What an event of the entity is told as. */
  command(event: unknown): ToldCommand {
    const { contract, version, command, key, input } = event as StoredTell;
    const known = this.#init.router.contract(contract);
    const to = known?.$.version === version ? known.$.operations[command] : undefined;
    return { to: to ?? nobodys(contract, version, command), key, input };
  }

  async #open(): Promise<EntityHost> {
    const { service, log, runtime, deadlines, opened } = this.#init;
    const open = await log.open();
    const quarantined = await open.writer.within(open.journal.quarantined());
    const { writer } = open;
    this.#host ??= new EntityHost({ service, entity: outgoing, writer, runtime, deadlines, limits: entityLimits, quarantined });
    await opened(this.#host, open);
    return this.#host;
  }
}

/** A command of a contract that no service of this system implements, or not in this version: the router says so. */
const nobodys = (contract: string, version: number, name: string): AnyOpRef => {
  const checkKey = (key: unknown): string => (typeof key === "string" ? key : "");
  return { kind: "command", name, contract: { $: { name: contract, version, checkKey } } } as unknown as AnyOpRef;
};
