// Everything that one service tells: its subscriptions, and what its handlers tell. Nothing of it is needed, opened, or read
// in a service that has neither.
import { backoffMs } from "../base/backoff.ts";
import { Failure } from "../base/failure.ts";
import type { EntityHost } from "../entity/index.ts";
import type { EventSource } from "../journal/index.ts";
import type { Deadlines } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import {
  Cursors,
  Delivery,
  Reaction,
  subscriptionLimits,
  TellBooks,
  type AnySubscription,
  type DeliveryInit,
  type Send,
} from "../subscription/index.ts";
import { DeadLetters } from "./dead-letters.ts";
import { eventSource, type EventSources } from "./event-sources.ts";
import { Outbox, outboxName } from "./outbox.ts";
import type { Router, Sender } from "./router.ts";
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
}

/** Between two tries to open a subscription whose publisher is elsewhere. */
const again = { firstMs: 100, maxMs: 5_000 };

export class ServiceDeliveries {
  readonly #init: ServiceDeliveriesInit;
  readonly #books = new TellBooks();
  readonly #outbox: Outbox;
  readonly #deliveries: Delivery[] = [];
  /** Opens the subscriptions whose publishers are elsewhere. */
  readonly #elsewhere: (() => Promise<void>)[] = [];
  /** Of the outbox, once there is one. */
  readonly hosts: EntityHost[] = [];
  #cursors: Promise<Cursors> | undefined;
  #opened: Cursors | undefined;
  #letters: DeadLetters | undefined;
  #state: "opening" | "started" | "halted" = "opening";

  constructor(init: ServiceDeliveriesInit) {
    this.#init = init;
    const { service, log, router, runtime, deadlines } = init;
    const opened = (host: EntityHost, open: OpenLog): Promise<void> => this.#openOutbox(host, open);
    this.#outbox = new Outbox({ service, log, router, runtime, deadlines, opened });
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
    const sourced = subscriptions.map((part) => ({ part, open: sources.topic(service, part.topic), here: sources.isHere(part.topic) }));
    if (subscriptions.length === 0 && !(tells && (await log.exists()))) return;
    try {
      const open = await log.open();
      const cursors = await this.#cursorsOf(open);
      for (const { part, open: source, here } of sourced) {
        if (here) await this.#subscribe(open, cursors, part, await source());
        else this.#elsewhere.push(() => this.#subscribeWhenThere(open, cursors, part, source));
      }
      if (tells && cursors.knows(`${service}/${outboxName}@`)) await this.#outbox.open();
    } catch (error) {
      throw log.failure(error);
    }
  }

  start(): void {
    if (this.#state !== "opening") return;
    this.#state = "started";
    for (const delivery of this.#deliveries) delivery.start();
    for (const subscribe of this.#elsewhere.splice(0)) void subscribe();
  }

  /** Tells nothing any more. What was sent is still answered, what handlers tell is still recorded. */
  halt(): void {
    this.#state = "halted";
    for (const delivery of this.#deliveries) delivery.halt();
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

  async #subscribe(open: OpenLog, cursors: Cursors, { name, from, topic, react }: AnySubscription, source: EventSource): Promise<void> {
    const reaction = new Reaction(`service "${this.#init.service}", subscription "${name}"`, react, this.#books);
    const commands: DeliveryInit["commands"] = (message) => reaction.commands(message);
    await this.#add(open, cursors, { name, from, source, contract: topic.contract.$.name, commands });
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
        await new Promise<void>((resolve) =>
          runtime.timers.after(
            backoffMs(again, failures, () => runtime.random.next()),
            resolve,
          ),
        );
      }
    }
  }

  async #openOutbox(host: EntityHost, open: OpenLog): Promise<void> {
    const { service } = this.#init;
    const cursors = await this.#cursorsOf(open);
    const source = eventSource(service, host.kernel, open.writer);
    const commands: DeliveryInit["commands"] = (event) => [this.#outbox.command(event)];
    await this.#add(open, cursors, { name: outboxName, from: "now", source, contract: outboxName, commands });
    this.hosts.push(host);
  }

  async #add(
    { journal, writer }: OpenLog,
    cursors: Cursors,
    what: Pick<DeliveryInit, "name" | "from" | "source" | "contract" | "commands">,
  ): Promise<void> {
    const { service, runtime } = this.#init;
    const within: DeliveryInit["within"] = (operation) => writer.within(operation);
    const letters: DeliveryInit["journal"] = {
      deadLetters: (after, max) => journal.deadLetters(after, max),
      park: (letter) => this.#letters?.park(letter) ?? journal.park(letter),
    };
    const common = { service, runtime, journal: letters, within, cursors, send: this.#send, limits: subscriptionLimits };
    const delivery = await Delivery.open({ ...common, ...what });
    this.#deliveries.push(delivery);
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
    const stored = await writer.within(journal.cursors());
    this.#opened = new Cursors(service, runtime, subscriptionLimits, stored, (moved) => writer.within(journal.moveCursors(moved)));
    this.#letters = new DeadLetters(this.#init, { journal, writer }, this.#opened);
    await this.#letters.recount();
    return this.#opened;
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
