// Joins a node that runs one service of a system to the nodes that run the others: what is not here is called, and read, over
// links, and what is here is served to them.
import type { NodeReport } from "../../cluster/index.ts";
import type { Implementation, Json } from "../../contract/index.ts";
import { type Message, Session } from "../../mailbox/index.ts";
import type { MetricFamily } from "../../runtime/index.ts";
import {
  type Address,
  type Link,
  type LinkHandler,
  type LinkLoss,
  type Listener,
  ticketFor,
  type Transport,
} from "../../transport/index.ts";
import type { Service, System } from "../definition.ts";
import type { ServiceHealth } from "../edge.ts";
import type { Ring, RingMember, RingRoom } from "../ring.ts";
import { AllNodes } from "./all-nodes.ts";
import type { Directory } from "./directory.ts";
import { remoteInstances } from "./instances.ts";
import { remoteLimits } from "./limits.ts";
import { Peers } from "./peers.ts";
import type { Goal } from "./lane.ts";
import { type Home, RemoteService } from "./remote-service.ts";
import { RemoteSource } from "./remote-source.ts";
import { type PlaceOf, Served, type ServedInit } from "./served.ts";
import { SharedService } from "./sharing.ts";
import { headsRest, healthRest, metricsRest } from "./wire.ts";

export interface RingHow {
  /** Its identity says which service the node runs. */
  readonly transport: Transport;
  readonly directory: Directory;
  /** Where this node listens. */
  readonly at: string;
  /** What tickets to this node are made with. */
  readonly secret: string;
  /** Takes what this node says of its partitions, for the registry of its service; absent: it is the only node of that, and owns everything. */
  readonly report?: (report: NodeReport) => void;
}

/** The other nodes of a system. */
export const ring = (how: RingHow): Ring => ({
  service: how.transport.self.service,
  node: how.transport.self.node,
  join: (room, system) => new Member(how, room, system),
});

/** How long others may take to say how they are. */
const askedWithinMs = 1_000;

class Member implements RingMember {
  readonly #how: RingHow;
  readonly #room: RingRoom;
  readonly #directory: Directory;
  readonly #peers: Peers;
  readonly #served: Served;
  readonly #remotes: RemoteService[] = [];
  readonly sharing: SharedService | undefined;
  readonly #allNodes: AllNodes;
  #listener: Listener | undefined;
  #metrics: Promise<readonly (readonly MetricFamily[])[]> | undefined;
  /** Undefined before anybody has asked. */
  #silent: number | undefined;
  #leftOut = 0;

  constructor(how: RingHow, room: RingRoom, system: System) {
    this.#how = how;
    this.#room = room;
    const { router, sources, runtime, own } = room;
    const { transport } = how;
    const directory = room.service && how.report ? withSelf(how, system) : how.directory;
    this.#directory = directory;
    const limits = remoteLimits;
    this.#peers = new Peers({ transport, directory, runtime, limits });
    const { service } = room;
    this.sharing = service && how.report ? this.#share(service, how.report) : undefined;
    const placeOf: PlaceOf = this.sharing?.placeOf ?? (() => "here");
    const whenHosting: ServedInit["whenHosting"] = (act) => {
      if (this.sharing?.hasLog) return this.sharing.whenHosting(act);
      act();
      return () => undefined;
    };
    this.#served = new Served({ router, logs: sources, own, placeOf, whenHosting, runtime, limits });
    this.sharing?.watchPlaces(() => this.#served.replace());
    for (const other of system.services) if (other !== service) this.#add(other);
    this.#allNodes = new AllNodes({ peers: this.#peers, services: this.#remotes.map(({ name }) => name), runtime });
  }

  #share(service: Service, report: (report: NodeReport) => void): SharedService {
    const { runtime, deadlines, own } = this.#room;
    const { transport } = this.#how;
    const directory = this.#directory;
    const peers = this.#peers;
    const remote = (home: Home): RemoteService =>
      new RemoteService({ service: service.name, peers, runtime, deadlines, limits: remoteLimits, home });
    return new SharedService({ service, transport, directory, report, own, runtime, remote });
  }

  async listen(): Promise<void> {
    const { transport, at, secret } = this.#how;
    this.#listener = await transport.listen(at, secret, (link) => new FirstWord(link, this.#served, this.sharing));
  }

  leave(): void {
    this.#served.leave("the node is stopping");
  }

  async close(): Promise<void> {
    for (const remote of this.#remotes) remote.close();
    this.sharing?.leave();
    this.#peers.close();
    this.#served.close();
    await this.#listener?.close();
  }

  async heads(): Promise<Session> {
    const session = new Session();
    const all = await Promise.all(
      [...this.#remotes, ...(this.sharing && !this.sharing.hosts ? [this.sharing.remote] : [])].map(async (remote) => {
        const answer = await remote.answerWithin(askedWithinMs, headsRest).catch(() => undefined);
        if (answer?.kind !== "log") return false;
        const { logId, timeline, heads } = answer;
        session.sawHeads({ service: remote.name, logId, timeline }, heads);
        return true;
      }),
    );
    return all.every(Boolean) ? session : Session.everything();
  }

  async health(): Promise<readonly ServiceHealth[]> {
    const answers = await Promise.all(
      this.#remotes.map(async (remote): Promise<readonly ServiceHealth[]> => {
        const answer = await remote.answerWithin(askedWithinMs, healthRest).catch(() => undefined);
        if (answer?.kind === "health") return answer.services;
        return [{ name: remote.name, state: "failing", reason: this.#peers.directory.lost(remote.name) ?? "no node of it answers now" }];
      }),
    );
    return answers.flat();
  }

  /** Whoever asks while the nodes are being asked gets the same. */
  metrics(): Promise<readonly (readonly MetricFamily[])[]> {
    return (this.#metrics ??= this.#metricsNow().finally(() => (this.#metrics = undefined)));
  }

  async #metricsNow(): Promise<readonly (readonly MetricFamily[])[]> {
    const { answers, silent } = await this.#allNodes.ask(metricsRest, askedWithinMs);
    const told = answers.filter((answer) => answer.kind === "metrics");
    this.#leftOut = told.reduce((sum, { leftOut }) => sum + leftOut, 0);
    const { metrics } = this.#room.runtime;
    if (this.#silent === undefined) {
      const silentHelp = `Nodes that did not say their metrics within ${askedWithinMs / 1_000} s, this time; theirs are missing here.`;
      metrics.gauge("atoll_nodes_silent", silentHelp, {}, () => this.#silent ?? 0);
      const help = "Families of metrics that had no room in the answers of their nodes, this time.";
      metrics.gauge("atoll_metrics_left_out", help, {}, () => this.#leftOut);
    }
    this.#silent = silent + answers.length - told.length;
    return told.map(({ families }) => families);
  }

  #add(service: Service): void {
    const { router, sources, runtime, deadlines } = this.#room;
    const remote = new RemoteService({ service: service.name, peers: this.#peers, runtime, deadlines, limits: remoteLimits });
    this.#remotes.push(remote);
    const added = new Set<unknown>();
    for (const part of service.parts) {
      if (added.has(part.contract)) continue; // several definitions of one saga
      added.add(part.contract);
      const receive = (message: Message): void => remote.receive(message, goalOf(part, message), isRepeatable(part, message));
      const instances = isHandled(part) ? () => remoteInstances(remote, this.#directory.nodes(service.name)) : undefined;
      router.add(service.name, part.contract, { receive }, "elsewhere", instances);
      if (part.kind === "entity")
        sources.addRemote(part.contract, { name: service.name, open: (topic) => RemoteSource.open(topic, remote) });
    }
  }
}

/** What is where the log is open is asked for over a link, also if that is here by now: so whoever has asked before goes on. */
function withSelf({ transport: { self }, directory, at, secret }: RingHow, { name }: System): Directory {
  const here: Address = { identity: self, at, ticket: ticketFor(secret, name, self) };
  return {
    nodes: (service) => {
      const nodes = directory.nodes(service);
      return service === self.service ? [...nodes, here] : nodes;
    },
    lost: (service) => directory.lost(service),
    plan: (service) => directory.plan(service),
    watch: (changed) => directory.watch(changed),
  };
}

/** Says at its first message what a link is for. */
class FirstWord implements LinkHandler {
  readonly #link: Link;
  readonly #served: Served;
  readonly #sharing: SharedService | undefined;
  #handler: LinkHandler | undefined;

  constructor(link: Link, served: Served, sharing: SharedService | undefined) {
    this.#link = link;
    this.#served = served;
    this.#sharing = sharing;
  }

  message(value: Json): void {
    this.#handler ??= this.#sharing?.acceptLog(value, this.#link) ?? this.#served.accept(this.#link);
    this.#handler.message(value);
  }

  room(): void {
    this.#handler?.room();
  }

  closed(loss: LinkLoss): void {
    this.#handler?.closed(loss);
  }
}

/** Keys of entities and sagas have partitions; handlers are anywhere, and so is who reads a read model (R6). */
function goalOf({ kind }: Implementation, { to, key }: Message): Goal {
  if (kind === "entity" || kind === "saga") return { kind: "owner", contract: to.contract.$.name, key };
  return { kind: "any" };
}

const isHandled = ({ kind }: Implementation): boolean => kind === "handlers" || kind === "adapter";

/** Entities and sagas know what they have applied; of handlers only a query may be carried out twice. */
const isRepeatable = ({ kind }: Implementation, { to }: Message): boolean => to.kind === "query" || kind === "entity" || kind === "saga";
