// One question to every node of the other services, each of which is to answer by itself. What does not answer in time, or is not
// there, is silent: it is counted, and nobody waits for it.
import type { Runtime } from "../../runtime/index.ts";
import type { Address } from "../../transport/index.ts";
import type { Answered, Peers, Place, Request } from "./peers.ts";
import { MalformedFrame } from "./frame-members.ts";
import type { Rest } from "./wire.ts";

export interface AllNodesInit {
  readonly peers: Peers;
  readonly services: readonly string[];
  readonly runtime: Runtime;
}

export interface AllAnswers {
  readonly answers: readonly Answered[];
  /** Nodes, and services without any, that have not answered. */
  readonly silent: number;
}

export class AllNodes {
  readonly #init: AllNodesInit;
  readonly #waiting = new Set<NodeQuestion>();

  constructor(init: AllNodesInit) {
    this.#init = init;
    for (const service of init.services)
      init.peers.watch(service, () => {
        for (const question of this.#waiting) if (question.service === service) question.give(init.peers);
      });
  }

  /** Never rejects. */
  async ask(rest: Rest, withinMs: number): Promise<AllAnswers> {
    const { peers, services, runtime } = this.#init;
    const questions = services.flatMap((service) => peers.directory.nodes(service).map((node) => new NodeQuestion(service, node, rest)));
    for (const question of questions) {
      this.#waiting.add(question);
      question.give(peers);
    }
    const timer = runtime.timers.after(withinMs, () => {
      for (const question of questions) question.giveUp();
    });
    const all = await Promise.all(questions.map(({ answer }) => answer));
    timer.cancel();
    for (const question of questions) this.#waiting.delete(question);
    const answers = all.filter((answer) => answer !== undefined);
    const absent = services.filter((service) => peers.directory.nodes(service).length === 0);
    return { answers, silent: all.length - answers.length + absent.length };
  }
}

/** It may be asked as often as one likes. */
class NodeQuestion implements Request {
  readonly service: string;
  readonly rest: Rest;
  readonly isMeasured = false;
  /** Undefined: it was given up. */
  readonly answer: Promise<Answered | undefined>;
  readonly #node: Address;
  readonly #settle: (answer: Answered | undefined) => void;
  #settled = false;
  #place: Place | undefined;

  constructor(service: string, node: Address, rest: Rest) {
    this.service = service;
    this.rest = rest;
    this.#node = node;
    const { promise, resolve } = Promise.withResolvers<Answered | undefined>();
    this.answer = promise;
    this.#settle = resolve;
  }

  /** Where the node can be reached now. */
  give(peers: Peers): void {
    if (this.#settled || this.#place) return;
    this.#place = peers.to(this.service, this.#node)?.send(this);
  }

  leftMs(): number {
    return 0;
  }

  answered(answer: Answered): void {
    this.#place = undefined;
    this.#end(answer);
  }

  batch(): void {
    throw new MalformedFrame("a batch is of a stream");
  }

  moved(): void {
    this.again();
  }

  /** The node takes nothing more. */
  again(): void {
    this.#place = undefined;
    this.#end(undefined);
  }

  /** A link that was lost may be made again. */
  lost(): void {
    this.#place = undefined;
  }

  giveUp(): void {
    this.#place?.peer.forget(this.#place.n);
    this.#end(undefined);
  }

  #end(answer: Answered | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(answer);
  }
}
