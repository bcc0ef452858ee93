// What the handlers of one service tell: a command to an internal entity of the service, whose events a built-in subscription
// delivers. A tell is durable once that entity has recorded it, and is told once however often the handler's own command is
// repeated, as long as the entity knows its id (ADR 0005).
//
// The log of a service that keeps no state is opened by its first tell, and from then on at every start. Where the built-in
// subscription begins in a partition is on disk before the first tell is in there.
//
// Handlers run on any instance, the entity only where its partition is owned. So a tell is a call like others: where the partition
// is elsewhere, the command goes to its owner, as what comes to any entity does. Each target has one entity, wherever it is told
// from; so a handler's command that is repeated on another instance tells nothing twice, and what one sender tells one target keeps its order
// also while partitions move.
import { Failure } from "../base/failure.ts";
import { hash32 } from "../base/hash.ts";
import { frozenCopy, ownContract, type AnyContract, type AnyOpRef, type KeySchema, type Schema } from "../contract/index.ts";
import { type AnyEntity, entity, EntityHost, entityLimits } from "../entity/index.ts";
import { Message, type Deadlines } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { ToldCommand } from "../subscription/index.ts";
import type { Receiver, Router } from "./router.ts";
import type { OpenLog, ServiceLog } from "./service-log.ts";

/** Entities that the tells of a service are spread over by their target, so that each remembers the ids of few. */
const shards = 256;
/** Tells that wait in one process until it is known where their partition is delivered from; beyond: OVERLOADED. */
const heldMax = 10_000;

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

const recorder = entity(Outgoing, {
  state: own,
  initial: "",
  events: { Told: own },
  decide: { tell: (_, told, turn) => turn.emit("Told", told) },
  evolve: { Told: (state) => state },
});
/** The trace of a tell is in its record and not in its input: a handler's command that is repeated in another trace tells nothing anew. */
const outgoing: AnyEntity = Object.freeze({ ...recorder, how: Object.freeze({ ...recorder.how, traced: true }) });

export interface OutboxInit {
  readonly service: string;
  readonly log: ServiceLog;
  readonly router: Router;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  /** Whether the partition is here: one that leaves is not, whatever the log says yet. */
  readonly isHeld: (partition: number) => boolean;
  /** Takes what is for another. */
  readonly returned: (message: Message) => void;
  /** Called before anything is recorded; it is repeated if it rejects. */
  readonly opened: (host: EntityHost, log: OpenLog) => Promise<void>;
}

/** Identity, deadline and trace of one tell. */
export interface Telling {
  readonly id: string;
  readonly minted: number;
  readonly withinMs: number;
  readonly trace: string | undefined;
}

export class Outbox implements Receiver {
  readonly #init: OutboxInit;
  /** Partitions of whose stream it is on disk where it begins. */
  readonly #begun = new Set<number>();
  /** Tells for partitions that are owned and have not begun, in order. */
  readonly #held = new Map<number, Message[]>();
  #holding = 0;
  #opening: Promise<EntityHost> | undefined;
  #host: EntityHost | undefined;

  constructor(init: OutboxInit) {
    this.#init = init;
  }

  /** Of what other instances of the service send here. */
  static get contract(): AnyContract {
    return Outgoing;
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
  async record({ to, key, input }: ToldCommand, { id, minted, withinMs, trace }: Telling): Promise<void> {
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
      const message = { to: Outgoing.tell as AnyOpRef, key: shard, input: stored, caller: service, id, minted, timeless: false, trace };
      this.#take(host, new Message({ ...message, withinMs, read: "strong", session: undefined }, router.inbox, () => resolve(), reject));
    });
  }

  /** From another instance of the service. */
  receive(message: Message): void {
    if (this.#host) return this.#take(this.#host, message);
    this.#init.deadlines.watch(message);
    this.open().then(
      (host) => this.#take(host, message),
      (error: unknown) => message.fail(error as Failure),
    );
  }

  /** It is on disk where its stream begins: tells of it are recorded from now on. */
  begun(partition: number): void {
    this.#begun.add(partition);
    this.#release(partition);
  }

  /** The partition is not held any more: tells of it are recorded elsewhere. */
  left(partition: number): void {
    this.#begun.delete(partition);
    this.#release(partition);
  }

  /** What an event of the entity is told as. */
  command(event: unknown): ToldCommand {
    const { contract, version, command, key, input } = event as StoredTell;
    const known = this.#init.router.contract(contract);
    const to = known?.$.version === version ? known.$.operations[command] : undefined;
    return { to: to ?? nobodys(contract, version, command), key, input };
  }

  #take(host: EntityHost, message: Message): void {
    if (message.settled) return; // its deadline has passed while it waited
    const partition = host.writer.partitionOf(outboxName, message.key);
    if (!this.#init.isHeld(partition) || !host.writer.owns(partition)) return this.#init.returned(message);
    if (this.#begun.has(partition)) return host.receive(message);
    if (this.#holding >= heldMax) {
      const what = `${heldMax} tells wait until it is known where they are delivered from`;
      return message.fail(new Failure("OVERLOADED", { what, at: message.address }));
    }
    this.#init.deadlines.watch(message);
    this.#holding += 1;
    const held = this.#held.get(partition);
    if (held) held.push(message);
    else this.#held.set(partition, [message]);
  }

  #release(partition: number): void {
    const host = this.#host;
    const held = this.#held.get(partition) ?? [];
    this.#held.delete(partition);
    this.#holding -= held.length;
    if (host) for (const message of held) this.#take(host, message);
  }

  async #open(): Promise<EntityHost> {
    const { service, log, runtime, deadlines, returned, opened } = this.#init;
    const open = await log.open();
    const quarantined = await open.writer.within(open.journal.quarantined());
    const { writer } = open;
    this.#host ??= new EntityHost({ service, entity: outgoing, writer, runtime, deadlines, limits: entityLimits, quarantined, returned });
    await opened(this.#host, open);
    return this.#host;
  }
}

/** A command of a contract that no service of this system implements, or not in this version: the router says so. */
const nobodys = (contract: string, version: number, name: string): AnyOpRef => {
  const checkKey = (key: unknown): string => (typeof key === "string" ? key : "");
  return { kind: "command", name, contract: { $: { name: contract, version, checkKey } } } as unknown as AnyOpRef;
};
