// Joins a node that runs one service of a system to the nodes that run the others: what is not here is called, and read, over
// links, and what is here is served to them.
import type { NodeReport } from "../../cluster/index.ts";
import type { Implementation } from "../../contract/index.ts";
import { type Message, Session } from "../../mailbox/index.ts";
import type { Listener, Transport } from "../../transport/index.ts";
import type { Service, System } from "../definition.ts";
import type { ServiceHealth } from "../edge.ts";
import type { Ring, RingMember, RingRoom } from "../ring.ts";
import type { Directory } from "./directory.ts";
import { remoteLimits } from "./limits.ts";
import { Peers } from "./peers.ts";
import { RemoteService } from "./remote-service.ts";
import { RemoteSource } from "./remote-source.ts";
import { Served } from "./served.ts";
import { headsRest, healthRest } from "./wire.ts";

export interface RingHow {
  /** Its identity says which service the node runs. */
  readonly transport: Transport;
  readonly directory: Directory;
  /** Where this node listens. */
  readonly at: string;
  /** What tickets to this node are made with. */
  readonly secret: string;
  /** Takes what this node says to the registry of its service, whenever that changes. */
  readonly report?: (report: NodeReport) => void;
}

/** The other nodes of a system. */
export const ring = (how: RingHow): Ring => ({
  service: how.transport.self.service,
  join: (room, system) => new Member(how, room, system),
});

/** How long others may take to say how they are. */
const askedWithinMs = 1_000;

class Member implements RingMember {
  readonly #how: RingHow;
  readonly #room: RingRoom;
  readonly #peers: Peers;
  readonly #served: Served;
  readonly #remotes: RemoteService[] = [];
  #listener: Listener | undefined;

  constructor(how: RingHow, room: RingRoom, system: System) {
    this.#how = how;
    this.#room = room;
    const { router, sources, runtime, own } = room;
    const { transport, directory } = how;
    const limits = remoteLimits;
    this.#peers = new Peers({ transport, directory, runtime, limits });
    this.#served = new Served({ router, logs: sources, own, runtime, limits });
    for (const service of system.services) if (service.name !== transport.self.service) this.#add(service);
  }

  async listen(): Promise<void> {
    const { transport, at, secret } = this.#how;
    this.#listener = await transport.listen(at, secret, this.#served.accept);
  }

  leave(): void {
    this.#served.leave("the node is stopping");
  }

  async close(): Promise<void> {
    for (const remote of this.#remotes) remote.close();
    this.#peers.close();
    this.#served.close();
    await this.#listener?.close();
  }

  async heads(): Promise<Session> {
    const session = new Session();
    const all = await Promise.all(
      this.#remotes.map(async (remote) => {
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

  #add(service: Service): void {
    const { router, sources, runtime, deadlines } = this.#room;
    const remote = new RemoteService({ service: service.name, peers: this.#peers, runtime, deadlines, limits: remoteLimits });
    this.#remotes.push(remote);
    const added = new Set<unknown>();
    for (const part of service.parts) {
      if (added.has(part.contract)) continue; // several definitions of one saga
      added.add(part.contract);
      const receive = (message: Message): void => remote.receive(message, isRepeatable(part, message));
      router.add(service.name, part.contract, { receive }, true);
      if (part.kind === "entity")
        sources.addRemote(part.contract, { name: service.name, open: (topic) => RemoteSource.open(topic, remote) });
    }
  }
}

/** Entities and sagas know what they have applied; of handlers only a query may be carried out twice. */
const isRepeatable = ({ kind }: Implementation, { to }: Message): boolean => to.kind === "query" || kind === "entity" || kind === "saga";
