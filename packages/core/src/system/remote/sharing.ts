// One node of a service that several may run: its part of the log, and the way to the others for what is theirs.
import type { NodeReport } from "../../cluster/index.ts";
import { type Implementation, type Json, versionName } from "../../contract/index.ts";
import type { JournalStore, LogWriter } from "../../journal/index.ts";
import type { Message } from "../../mailbox/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Link, LinkHandler, Transport } from "../../transport/index.ts";
import { Failure } from "../../base/failure.ts";
import type { Service } from "../definition.ts";
import type { RemotePublisher } from "../event-sources.ts";
import { isLogGreeting, SharedJournalStore } from "../log-host/index.ts";
import type { Instance } from "../broadcast.ts";
import { outboxName } from "../outbox.ts";
import type { OwnNode, RingSharing } from "../ring.ts";
import type { Receiver } from "../router.ts";
import type { SharedLog } from "../sharing.ts";
import type { Directory } from "./directory.ts";
import { remoteInstances } from "./instances.ts";
import { OwnPartitions } from "./own-partitions.ts";
import { OutgoingCall, type Outgoing } from "./outgoing.ts";
import type { Home, RemoteService } from "./remote-service.ts";
import { RemoteSource } from "./remote-source.ts";
import type { PlaceOf } from "./served.ts";

export interface SharedServiceInit {
  readonly service: Service;
  readonly transport: Transport;
  readonly directory: Directory;
  readonly report: (report: NodeReport) => void;
  readonly own: OwnNode;
  readonly runtime: Runtime;
  /** The service as this node calls the others of it. */
  readonly remote: (home: Home) => RemoteService;
}

export class SharedService implements RingSharing, Home {
  readonly incarnation: string;
  readonly remote: RemoteService;
  readonly #init: SharedServiceInit;
  readonly #partitions: OwnPartitions;
  /** Contracts, with their versions, whose keys have partitions. */
  readonly #partitioned: ReadonlySet<string>;
  /** Who serves a contract here. */
  readonly #receivers = new Map<string, Receiver>();
  readonly #whenHosting = new Set<() => void>();
  #store: SharedJournalStore | undefined;
  #writer: LogWriter | undefined;

  constructor(init: SharedServiceInit) {
    const { service, transport, directory, report, own, runtime } = init;
    this.#init = init;
    this.incarnation = transport.self.incarnation;
    this.#partitioned = new Set([
      ...service.parts.filter(isPartitioned).map(({ contract: { $ } }) => versionName($.name, $.version)),
      versionName(outboxName, 1),
    ]);
    const { incarnation } = this;
    const open = (): Promise<void> => own.openLog();
    this.#partitions = new OwnPartitions({ service: service.name, incarnation, directory, runtime, report, open });
    this.remote = init.remote(this);
    directory.watch(() => this.#look());
    this.#partitions.watch(() => this.remote.pump());
  }

  // ── of the log ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  journals(local: JournalStore): JournalStore {
    const { transport, runtime, service, directory } = this.#init;
    const host = (): "here" | ReturnType<Directory["nodes"]>[number] | undefined => {
      const named = directory.plan(service.name)?.host;
      if (named === this.incarnation) return "here";
      return directory.nodes(service.name).find(({ identity }) => identity.incarnation === named);
    };
    const hosting = { host, watch: (changed: () => void) => directory.watch(changed) };
    const store = new SharedJournalStore({ local, transport, runtime, service: service.name, hosting });
    store.onHosting(({ epochs, heads }) => {
      for (const [partition, head] of heads.entries()) this.#writer?.observeHead(partition, head);
      this.#partitions.hosting(epochs);
      this.#look();
    });
    store.onAppended((row) => this.#writer?.observe(row.partition, row));
    store.onTaken((partition, _, head) => this.#writer?.observeHead(partition, head));
    this.#store = store;
    return store;
  }

  opened({ writer, tenants }: SharedLog): void {
    this.#writer = writer;
    this.#partitions.begin(writer, tenants);
  }

  /** Some node of the service has opened its log; handlers alone need none before they tell something. */
  get hasLog(): boolean {
    const { directory, service } = this.#init;
    return (directory.plan(service.name)?.partitions.length ?? 0) > 0;
  }

  get hosts(): boolean {
    return this.#store?.epochs !== undefined;
  }

  /** What it returns takes that back: whoever has asked does not wait for ever, and hosting may never come. */
  whenHosting(act: () => void): () => void {
    this.#whenHosting.add(act);
    this.#look();
    return () => this.#whenHosting.delete(act);
  }

  /** Where nothing is kept there is no log to open: who is named as its host is where it would be. */
  #look(): void {
    const { service, directory } = this.#init;
    const named = directory.plan(service.name)?.host === this.incarnation;
    if (this.hosts || (named && !keepsLog(service))) this.#hosts();
  }

  #hosts(): void {
    const acts = [...this.#whenHosting];
    this.#whenHosting.clear();
    for (const act of acts) act();
  }

  /** A link of another node of the service that is for the log; undefined for what is none. */
  acceptLog(first: Json, link: Link): LinkHandler | undefined {
    if (!this.#store || !isLogGreeting(first)) return undefined;
    return this.#store.accept(link);
  }

  /** Nothing is called any more, and the log is not opened. */
  leave(): void {
    this.remote.close();
    this.#partitions.close();
  }

  async close(): Promise<void> {
    await this.#store?.[Symbol.asyncDispose]();
  }

  // ── of messages ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  readonly placeOf: PlaceOf = (contract, version, key, epoch) =>
    this.#partitioned.has(versionName(contract, version)) ? this.#partitions.placeOf(contract, key, epoch) : "here";

  watchPlaces(changed: () => void): void {
    this.#partitions.watch(changed);
  }

  returned(_service: string, message: Message): void {
    if (!message.settled && !givenBack(message)) this.#forward(message);
  }

  before(contract: string, receiver: Receiver): Receiver {
    this.#receivers.set(contract, receiver);
    return {
      receive: (message) => {
        if (message.onReturned || this.remote.isQuiet(contract, message.key)) receiver.receive(message);
        else this.#forward(message);
      },
    };
  }

  siblings(): readonly Instance[] {
    const { directory, service } = this.#init;
    return remoteInstances(
      this.remote,
      directory.nodes(service.name).filter(({ identity }) => identity.incarnation !== this.incarnation),
    );
  }

  readonly toHost: Receiver = {
    receive: (message) => {
      if (!message.settled && !givenBack(message)) this.remote.receive(message, { kind: "host" }, message.to.kind === "query");
    },
  };

  get publisher(): RemotePublisher {
    return { name: this.#init.service.name, open: (topic) => RemoteSource.open(topic, this.remote) };
  }

  #forward(message: Message): void {
    this.remote.receive(message, { kind: "owner", contract: message.to.contract.$.name, key: message.key }, true);
  }

  // ── as a place where messages go ──────────────────────────────────────────────────────────────────────────────────────────────

  serves(partition: number): boolean {
    return this.#partitions.serves(partition);
  }

  /** Served here, a message is on its way to nobody. */
  deliver(outgoing: Outgoing): boolean {
    const receiver = outgoing instanceof OutgoingCall ? this.#receivers.get(outgoing.message.to.contract.$.name) : undefined;
    if (!receiver || !(outgoing instanceof OutgoingCall)) return false;
    outgoing.lane?.ended();
    outgoing.message.onSettled = undefined;
    receiver.receive(outgoing.message);
    return true;
  }
}

/** Whoever sent it over a link sends it on: only so it is known there who has asked. */
function givenBack(message: Message): boolean {
  if (!message.onReturned) return false;
  message.onReturned(message.taken);
  message.fail(new Failure("CANCELLED", { what: "it is sent to the node that can answer it", at: message.address }));
  return true;
}

const isPartitioned = ({ kind }: Implementation): boolean => kind === "entity" || kind === "saga";

const keepsLog = ({ parts, subscriptions }: Service): boolean => subscriptions.length > 0 || parts.some(isPartitioned);
