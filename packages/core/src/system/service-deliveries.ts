// Everything that one service tells: its subscriptions, and what its handlers tell. Nothing of it is needed, opened, or read
// in a service that has neither. Streams live with the partitions of the service's own log (D7, delivery.ts).
import { backoffMs } from "../base/backoff.ts";
import { Failure } from "../base/failure.ts";
import type { AnyContract } from "../contract/index.ts";
import type { EntityHost } from "../entity/index.ts";
import { type DeadLetter, JournalError, type EventSource, type Tenant } from "../journal/index.ts";
import { type Deadlines, type Message, nextSpan } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import {
  Cursors,
  Delivery,
  Reaction,
  subscriptionLimits,
  TellBooks,
  type AnySubscription,
  type CursorStore,
  type DeliveryInit,
  type Send,
} from "../subscription/index.ts";
import { DeadLetters, type DeadLettersInit } from "./dead-letters.ts";
import { eventSource, type EventSources } from "./event-sources.ts";
import { Outbox, outboxName } from "./outbox.ts";
import type { Receiver, Router, Sender } from "./router.ts";
import { RunTells } from "./run-tells.ts";
import type { OpenLog, ServiceLog } from "./service-log.ts";
import type { Telling } from "./outbox.ts";

export interface ServiceDeliveriesInit {
  readonly service: string;
  readonly log: ServiceLog;
  readonly router: Router;
  /** How the service calls others. */
  readonly sender: Sender;
  readonly sources: EventSources;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  /** Takes what handlers tell and the owner of another partition is to record. */
  readonly returned: (message: Message) => void;
}

/** Between two tries to open a subscription whose publisher is elsewhere, or streams of a partition that has come. */
const again = { firstMs: 100, maxMs: 5_000 };

export class ServiceDeliveries implements Tenant {
  readonly #init: ServiceDeliveriesInit;
  readonly #books = new TellBooks();
  readonly #outbox: Outbox;
  /** By the name of their subscriptions. */
  readonly #deliveries = new Map<string, Delivery>();
  /** Opens the subscriptions whose publishers are elsewhere. */
  readonly #elsewhere: (() => Promise<void>)[] = [];
  /** Partitions that came one by one, each with what tells this stay of it from another. */
  readonly #stays = new Map<number, object>();
  /** Partitions whose streams are delivered here: what the journal says of them is known. */
  readonly #here = new Set<number>();
  /** Of the outbox, once there is one. */
  readonly hosts: EntityHost[] = [];
  #cursors: Promise<Cursors> | undefined;
  #opened: Cursors | undefined;
  #letters: DeadLetters | undefined;
  /** Something may be told. */
  #telling = false;
  #state: "opening" | "started" | "halted" = "opening";

  constructor(init: ServiceDeliveriesInit) {
    this.#init = init;
    const { service, log, router, runtime, deadlines, returned } = init;
    const opened = (host: EntityHost, open: OpenLog): Promise<void> => this.#openOutbox(host, open);
    const isHeld = (partition: number): boolean => this.#stays.has(partition) || this.#here.has(partition);
    this.#outbox = new Outbox({ service, log, router, runtime, deadlines, isHeld, returned, opened });
  }

  /** Takes the tells that handlers of other instances hand over. */
  enter(add: (service: string, contract: AnyContract, receiver: Receiver) => void): void {
    add(this.#init.service, Outbox.contract, this.#outbox);
  }

  /** For one run of a handler; `next` gives identity and deadline of its next tell. `telling` hears of every one. */
  tellsOf(next: () => Telling, telling: (recorded: Promise<void>) => void): RunTells {
    return new RunTells(this.#books, (command) => {
      const recorded = this.#outbox.record(command, next());
      telling(recorded);
      return recorded;
    });
  }

  /**
   * Finds where everything goes on; nothing is told yet. Rejects with a `Failure`, INVALID_DEFINITION for a topic that is not
   * for this service. Once the logs of all services are open.
   */
  async open(subscriptions: readonly AnySubscription[], tells: boolean): Promise<void> {
    const { service, log, sources } = this.#init;
    this.#telling = subscriptions.length > 0 || tells;
    const sourced = subscriptions.map((part) => ({ part, open: sources.topic(service, part.topic), here: sources.isHere(part.topic) }));
    if (subscriptions.length === 0 && !(tells && (await log.exists()))) return;
    try {
      const open = await log.open();
      const cursors = await this.#cursorsOf(open);
      for (const { part, open: source, here } of sourced) {
        if (here) await this.#subscribe(open, cursors, part, await source());
        else this.#elsewhere.push(() => this.#subscribeWhenThere(open, cursors, part, source));
      }
      if (tells && this.#hasTold(cursors)) await this.#outbox.open();
    } catch (error) {
      throw log.failure(error);
    }
  }

  start(): void {
    if (this.#state !== "opening") return;
    this.#state = "started";
    for (const delivery of this.#deliveries.values()) delivery.start();
    for (const subscribe of this.#elsewhere.splice(0)) void subscribe();
  }

  /** Tells nothing any more. What was sent is still answered, what handlers tell is still recorded. */
  halt(): void {
    this.#state = "halted";
    for (const delivery of this.#deliveries.values()) delivery.halt();
  }

  /** Stores how far everything has come. */
  async flush(): Promise<void> {
    await this.#opened?.flush();
  }

  /** Undefined in a service that has told nothing. */
  get deadLetters(): DeadLetters | undefined {
    return this.#letters;
  }

  close(): void {
    this.halt();
    this.#opened?.stop();
  }

  // ── partitions that come and go (D7) ────────────────────────────────────────────────────────────────────────────

  /** Reads again what the journal says of the streams that are delivered with it, and delivers them. */
  acquired(partition: number): void {
    const stay = {};
    this.#stays.set(partition, stay);
    if (this.#telling) void this.#bring(partition, stay);
  }

  async leave(partition: number): Promise<void> {
    this.#forget(partition);
    const streams = await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.leave(partition)));
    await this.#opened?.flush();
    if (!this.#stays.has(partition)) this.#opened?.forget(streams.flat());
    this.#recount();
  }

  lost(partition: number): void {
    this.#forget(partition);
    for (const delivery of this.#deliveries.values()) this.#opened?.forget(delivery.lost(partition));
    this.#recount();
  }

  #forget(partition: number): void {
    this.#stays.delete(partition);
    this.#here.delete(partition);
    this.#outbox.left(partition);
  }

  /** Until it is done, or the partition has gone again. */
  async #bring(partition: number, stay: object): Promise<void> {
    const { service, log, runtime } = this.#init;
    const stays = (): boolean => this.#stays.get(partition) === stay && this.#state !== "halted";
    for (let failures = 1; stays(); failures++) {
      try {
        const cursors = await this.#cursorsOf(await log.open());
        await cursors.reread();
        if (!stays()) return;
        this.#here.add(partition);
        await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.open([partition])));
        if (this.#hasTold(cursors)) await this.#outbox.open();
        this.#begun();
        this.#recount();
        return;
      } catch (error) {
        if (!(error instanceof JournalError) && !(error instanceof Failure)) throw error;
        runtime.logger.log("warn", "subscription.not_acquired", { service, partition, failures, error });
        await this.#pause(failures);
      }
    }
  }

  /** Of these it is on disk where the tells of handlers begin. */
  #begun(): void {
    const delivery = this.#deliveries.get(outboxName);
    if (delivery) for (const partition of this.#here) if (delivery.delivers(partition)) this.#outbox.begun(partition);
  }

  /** Whether handlers of the service have ever told anything, on whatever instance. */
  #hasTold(cursors: Cursors): boolean {
    return cursors.knows(`${this.#init.service}/${outboxName}@`);
  }

  #recount(): void {
    const { service, runtime } = this.#init;
    this.#letters?.recount().catch((error: unknown) => {
      runtime.logger.log("warn", "subscription.letters_not_counted", { service, error });
    });
  }

  // ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async #subscribe(open: OpenLog, cursors: Cursors, { name, from, topic, react }: AnySubscription, source: EventSource): Promise<void> {
    const reaction = new Reaction(`service "${this.#init.service}", subscription "${name}"`, react, this.#books);
    const commands: DeliveryInit["commands"] = (message) => reaction.commands(message);
    const span: DeliveryInit["span"] = (trace) => nextSpan(trace, this.#init.runtime.random);
    await this.#add(open, cursors, { name, from, source, contract: topic.contract.$.name, commands, span });
  }

  /** The publisher may come up later than this service, which serves in the meantime. */
  async #subscribeWhenThere(
    open: OpenLog,
    cursors: Cursors,
    part: AnySubscription,
    source: () => EventSource | Promise<EventSource>,
  ): Promise<void> {
    const { service, runtime } = this.#init;
    for (let failures = 1; this.#state === "started"; failures++) {
      try {
        const opened = await source();
        return await this.#subscribe(open, cursors, part, opened);
      } catch (error) {
        if (this.#state !== "started") return;
        runtime.logger.log("error", "subscription.not_opened", { service, subscription: part.name, error });
        await this.#pause(failures);
      }
    }
  }

  async #openOutbox(host: EntityHost, open: OpenLog): Promise<void> {
    const { service } = this.#init;
    const cursors = await this.#cursorsOf(open);
    const source = eventSource(service, host.kernel, open.writer);
    const commands: DeliveryInit["commands"] = (event) => [this.#outbox.command(event)];
    const span: DeliveryInit["span"] = (trace) => trace; // that of the handler that told
    await this.#add(open, cursors, { name: outboxName, from: "now", source, contract: outboxName, commands, span });
    if (!this.hosts.includes(host)) this.hosts.push(host);
    this.#begun();
  }

  async #add(
    { journal, writer }: OpenLog,
    cursors: Cursors,
    what: Pick<DeliveryInit, "name" | "from" | "source" | "contract" | "commands" | "span">,
  ): Promise<void> {
    const { service, runtime } = this.#init;
    const within: DeliveryInit["within"] = (operation) => writer.within(operation);
    const letters: DeliveryInit["journal"] = {
      deadLetters: (after, max) => journal.deadLetters(after, max),
      park: (letter) => this.#letters?.park(letter) ?? journal.park(letter),
    };
    const { partitions } = journal.meta;
    const common = { service, runtime, journal: letters, partitions, within, cursors, send: this.#send, limits: subscriptionLimits };
    const delivery = this.#deliveries.get(what.name) ?? new Delivery({ ...common, ...what });
    this.#deliveries.set(what.name, delivery); // before its streams are found: those of a partition that comes meanwhile are opened too
    await delivery.open([...this.#here]);
    if (this.#state === "started") delivery.start();
    else if (this.#state === "halted") delivery.halt();
  }

  #cursorsOf({ journal, writer }: OpenLog): Promise<Cursors> {
    this.#cursors ??= this.#readCursors({ journal, writer }).catch((error: unknown) => {
      this.#cursors = undefined;
      throw error;
    });
    return this.#cursors;
  }

  async #readCursors({ journal, writer }: OpenLog): Promise<Cursors> {
    const { service, runtime } = this.#init;
    const owned = Array.from({ length: journal.meta.partitions }, (_, p) => p).filter((p) => writer.owns(p));
    const stays = new Map(this.#stays);
    const store: CursorStore = {
      read: () => writer.within(journal.cursors()),
      move: (moved) => writer.within(journal.moveCursors(moved)),
    };
    const opened = new Cursors(service, runtime, subscriptionLimits, await store.read(), store);
    // One that has come or gone meanwhile has a reading of its own, or none.
    for (const partition of owned)
      if (writer.owns(partition) && this.#stays.get(partition) === stays.get(partition)) this.#here.add(partition);
    this.#opened = opened;
    const traceOf: DeadLettersInit["traceOf"] = (letter) => this.#traceOf(letter);
    this.#letters = new DeadLetters({ ...this.#init, traceOf }, { journal, writer }, opened);
    await this.#letters.recount();
    return opened;
  }

  async #traceOf({ stream, place }: Pick<DeadLetter, "stream" | "place">): Promise<string | undefined> {
    const traces = await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.traceOf(stream, place)));
    return traces.find((trace) => trace !== undefined);
  }

  #pause(failures: number): Promise<void> {
    const { runtime } = this.#init;
    const delayMs = backoffMs(again, failures, () => runtime.random.next());
    return new Promise((resolve) => void runtime.timers.after(delayMs, resolve));
  }

  readonly #send: Send = (order, answered, failed) => {
    const { service, sender } = this.#init;
    try {
      sender.send(
        { ...order, caller: service, withinMs: subscriptionLimits.withinMs, read: "strong", session: undefined },
        answered,
        failed,
      );
    } catch (error) {
      failed(new Failure("DEFECT", { what: String(error), at: order.to.name, cause: error }));
    }
  };
}
