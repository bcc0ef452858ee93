// Joins a node that runs one service of a system to the nodes that run the others: what is not here is called, and read, over
// links, and what is here is served to them.
import type { Implementation } from "../../contract/index.ts";
import { type Deadlines, type Message, Session } from "../../mailbox/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Listener, Transport } from "../../transport/index.ts";
import type { Service, System } from "../definition.ts";
import type { ServiceHealth } from "../edge.ts";
import type { EventSources } from "../event-sources.ts";
import type { Router } from "../router.ts";
import type { Directory } from "./directory.ts";
import { remoteLimits } from "./limits.ts";
import { Peers } from "./peers.ts";
import { RemoteService } from "./remote-service.ts";
import { Served, type OwnLog } from "./served.ts";
import { headsRest, healthRest } from "./wire.ts";

/** The other nodes of a system, for a node that runs the service that its transport's identity names. */
export interface Ring {
  readonly transport: Transport;
  readonly directory: Directory;
  /** Where this node listens. */
  readonly at: string;
  /** What tickets to this node are made with. */
  readonly secret: string;
}

/** What others are told of this node. */
export interface OwnNode {
  health(): readonly ServiceHealth[];
  /** Of the service that runs here, if it has a log. */
  log(): OwnLog | undefined;
}

export interface RingMemberInit {
  readonly ring: Ring;
  readonly router: Router;
  readonly sources: EventSources;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly own: OwnNode;
}

/** How long others may take to say how they are. */
const askedWithinMs = 1_000;

export class RingMember {
  readonly #init: RingMemberInit;
  readonly #peers: Peers;
  readonly #served: Served;
  readonly #remotes: RemoteService[] = [];
  #listener: Listener | undefined;

  constructor(init: RingMemberInit, system: System) {
    this.#init = init;
    const { ring, router, sources, runtime, own } = init;
    const limits = remoteLimits;
    this.#peers = new Peers({ transport: ring.transport, directory: ring.directory, runtime, limits });
    this.#served = new Served({ router, logs: sources, own, runtime, limits });
    for (const service of system.services) if (!this.runs(service.name)) this.#add(service);
  }

  runs(service: string): boolean {
    return this.#init.ring.transport.self.service === service;
  }

  /** Others may ask from now on. */
  async listen(): Promise<void> {
    const { transport, at, secret } = this.#init.ring;
    this.#listener = await transport.listen(at, secret, this.#served.accept);
  }

  /** Takes nothing more from others, who look for another node; what was taken is still answered. */
  leave(): void {
    this.#served.leave("the node is stopping");
  }

  async close(): Promise<void> {
    for (const remote of this.#remotes) remote.close();
    this.#peers.close();
    this.#served.close();
    await this.#listener?.close();
  }

  /** What the logs of the others hold now; of one that does not say so in time, whatever it will hold. */
  async heads(): Promise<Session> {
    const session = new Session();
    const all = await Promise.all(
      this.#remotes.map(async (remote) => {
        const answer = await this.#within(remote, headsRest);
        if (answer?.kind !== "log") return false;
        const { logId, timeline, heads } = answer;
        for (const [partition, head] of heads.entries()) session.saw({ service: remote.name, logId, timeline }, partition, head - 1);
        return true;
      }),
    );
    return all.every(Boolean) ? session : Session.everything();
  }

  /** Of the services that other nodes run. */
  async health(): Promise<readonly ServiceHealth[]> {
    const answers = await Promise.all(
      this.#remotes.map(async (remote): Promise<readonly ServiceHealth[]> => {
        const answer = await this.#within(remote, healthRest);
        if (answer?.kind === "health") return answer.services;
        return [{ name: remote.name, state: "failing", reason: this.#peers.directory.lost(remote.name) ?? "no node of it answers now" }];
      }),
    );
    return answers.flat();
  }

  #add(service: Service): void {
    const { router, sources, runtime, deadlines } = this.#init;
    const remote = new RemoteService({ service: service.name, peers: this.#peers, runtime, deadlines, limits: remoteLimits });
    this.#remotes.push(remote);
    const added = new Set<unknown>();
    for (const part of service.parts) {
      if (added.has(part.contract)) continue; // several definitions of one saga
      added.add(part.contract);
      const receive = (message: Message): void => remote.receive(message, isRepeatable(part, message));
      router.add(service.name, part.contract, { receive }, true);
      if (part.kind === "entity") sources.addRemote(part.contract, remote);
    }
  }

  async #within(remote: RemoteService, rest: string): Promise<Awaited<ReturnType<RemoteService["ask"]>["answer"]> | undefined> {
    const question = remote.ask(rest);
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = this.#init.runtime.timers.after(askedWithinMs, () => resolve(undefined));
    try {
      return await Promise.race([question.answer, late]);
    } catch {
      return undefined;
    } finally {
      timer.cancel();
      question.giveUp();
    }
  }
}

/** Entities and sagas know what they have applied; of handlers only a query may be carried out twice. */
const isRepeatable = ({ kind }: Implementation, { to }: Message): boolean => to.kind === "query" || kind === "entity" || kind === "saga";
