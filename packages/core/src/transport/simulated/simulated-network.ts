// A packet network between the processes of a virtual world, for the production code to run over: delay, loss, duplication,
// reordering, cuts of one or both directions, processes that stop, go on and crash. What it does to a link is what the link
// machine makes of it: duplicates are dropped, anything lost or out of order ends the link at both ends.
//
// All chances come from a stream of the seed of its own, so that a network without faults changes nothing else of a run.
import { assert } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import type { Random } from "../../runtime/index.ts";
import { seededRandom, type VirtualProcess, type VirtualWorld } from "../../runtime/virtual/index.ts";
import { callNode } from "../calling.ts";
import { LinkMetrics } from "../link-metrics.ts";
import { type NodeOptions, nodeOptions, type TransportOptions } from "../node-options.ts";
import { Reception } from "../reception.ts";
import type { Address, HandleLink, Link, Listener, Transport } from "../transport.ts";
import { type Packet, Side } from "./simulated-wire.ts";

/** Chances are of each packet. */
export interface NetworkFaults {
  /** Least and most time on the way, whole ms. */
  readonly delayMs: readonly [number, number];
  readonly lossChance: number;
  readonly duplicateChance: number;
  /** Of a packet that others may overtake: it is up to `lateMs` later. */
  readonly reorderChance: number;
  readonly lateMs: number;
}

export const calmNetwork: NetworkFaults = { delayMs: [0, 2], lossChance: 0, duplicateChance: 0, reorderChance: 0, lateMs: 20 };

interface Place {
  readonly node: string;
  readonly process: VirtualProcess;
  readonly reception: Reception;
}

interface Connection {
  readonly at: string;
  readonly caller: Side;
  /** Undefined until the hello has arrived; it is never made twice. */
  listener: Side | undefined;
}

export class SimulatedNetwork {
  /** May be changed at any time; what is on its way already is not touched. */
  faults: NetworkFaults;
  readonly #world: VirtualWorld;
  readonly #random: Random;
  readonly #processes = new Map<string, VirtualProcess>();
  readonly #places = new Map<string, Place>();
  readonly #cuts = new Set<string>();
  /** By the sides of theirs that have not ended. */
  readonly #connections = new Map<Side, Connection>();

  constructor(world: VirtualWorld, faults: Partial<NetworkFaults> = {}) {
    this.#world = world;
    this.#random = seededRandom(world.seed, "network");
    this.faults = { ...calmNetwork, ...faults };
  }

  /** The transport of a process, which is a node by the name that `options.self` gives it. Fails with INVALID_CONFIG. */
  transport(process: VirtualProcess, options: TransportOptions): Transport {
    const node = nodeOptions(options);
    const { self } = node;
    const metrics = new LinkMetrics(process.metrics);
    this.#processes.set(self.node, process);
    return {
      self,
      listen: (at, secret, accept) =>
        this.#listen(at, { node: self.node, process, reception: new Reception(process, node, secret, accept, metrics) }),
      connect: (to, handle) => this.#connect(process, node, metrics, to, handle),
    };
  }

  // ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing goes from `a` to `b` any more, nor back unless `direction` is "there". What is on its way is lost. */
  cut(a: string, b: string, direction: "both" | "there" = "both"): void {
    this.#cuts.add(wayOf(a, b));
    if (direction === "both") this.#cuts.add(wayOf(b, a));
    this.#world.note(`cut ${a} ${direction === "both" ? "<>" : ">"} ${b}`);
  }

  /** Both directions between the two, or all that is cut. */
  heal(...pair: readonly [string, string] | readonly []): void {
    const [a, b] = pair;
    if (a === undefined || b === undefined) this.#cuts.clear();
    else for (const way of [wayOf(a, b), wayOf(b, a)]) this.#cuts.delete(way);
    this.#world.note(`heal ${pair.join(" <> ")}`);
  }

  /** Like SIGSTOP: what arrives waits. */
  pause(node: string): void {
    this.#processOf(node).pause();
  }

  resume(node: string): void {
    this.#processOf(node).resume();
  }

  /** "process": its machine lives and resets its connections. "machine": nobody is there to say anything. */
  crash(node: string, what: "process" | "machine" = "process"): void {
    const process = this.#processOf(node);
    process.crash();
    for (const [at, place] of this.#places) if (place.process === process) this.#places.delete(at);
    for (const [side, connection] of this.#connections) {
      if (side.process !== process) continue;
      this.#connections.delete(side);
      if (what === "process") this.#send(connection, side, { kind: "reset" });
    }
  }

  // ── connections ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  // eslint-disable-next-line typescript/require-await -- the port's form
  async #listen(at: string, place: Place): Promise<Listener> {
    if (this.#places.has(at)) throw new Failure("ADDRESS_TAKEN", { what: "another node listens", at });
    this.#places.set(at, place);
    // eslint-disable-next-line typescript/require-await -- the port's form
    const close = async (): Promise<void> => {
      if (this.#places.get(at) !== place) return;
      this.#places.delete(at);
      place.reception.close();
    };
    return { at, close, [Symbol.asyncDispose]: close };
  }

  #connect(process: VirtualProcess, node: NodeOptions, metrics: LinkMetrics, to: Address, handle: HandleLink): Promise<Link> {
    const caller = new Side(node.self.node, process, (from, packet) => this.#send(connection, from, packet));
    const connection: Connection = { at: to.at, caller, listener: undefined };
    this.#connections.set(caller, connection);
    const { end, link } = callNode(process, node, to, handle, metrics, caller);
    caller.leadTo(end);
    return link;
  }

  #send(connection: Connection, from: Side, packet: Packet): void {
    if (packet.kind === "fin") this.#connections.delete(from);
    else if (from.process.state === "crashed" && packet.kind === "frame") return;
    const to = this.#farNode(connection, from);
    const { faults } = this;
    if (this.#cuts.has(wayOf(from.node, to)) || this.#hits(faults.lossChance)) return this.#world.reach("network.lost");
    if (this.#hits(faults.duplicateChance)) {
      this.#world.reach("network.duplicated");
      this.#after(this.#delayMs() + this.#upTo(faults.lateMs), () => this.#arrive(connection, from, packet));
    }
    if (this.#hits(faults.reorderChance)) {
      this.#world.reach("network.reordered");
      return this.#after(this.#delayMs() + this.#upTo(faults.lateMs), () => this.#arrive(connection, from, packet));
    }
    const nowMs = this.#world.timeMs;
    from.lastDueMs = Math.max(from.lastDueMs, nowMs + this.#delayMs());
    from.onTheWay.push(packet);
    this.#after(from.lastDueMs - nowMs, () => this.#arrive(connection, from, from.onTheWay.shift() as Packet));
  }

  #arrive(connection: Connection, from: Side, packet: Packet): void {
    if (this.#cuts.has(wayOf(from.node, this.#farNode(connection, from)))) return this.#world.reach("network.lost");
    const to = from === connection.caller ? (connection.listener ?? this.#knock(connection, packet)) : connection.caller;
    if (to && !to.isOver) return to.arrive(packet);
    // Nobody there, or nobody any more.
    if (packet.kind === "frame" && !from.isOver) this.#answerReset(connection, from);
  }

  /** The first packet of a connection that arrives where it goes makes its side there. */
  #knock(connection: Connection, packet: Packet): Side | undefined {
    const place = this.#places.get(connection.at);
    if (!place || packet.kind !== "frame") return undefined;
    const side = new Side(place.node, place.process, (from, answer) => this.#send(connection, from, answer));
    connection.listener = side;
    this.#connections.set(side, connection);
    side.leadTo(place.reception.receive(side, connection.caller.node));
    return side;
  }

  #answerReset(connection: Connection, to: Side): void {
    const from = this.#farNode(connection, to);
    if (this.#cuts.has(wayOf(from, to.node))) return;
    this.#after(this.#delayMs(), () => {
      if (!to.isOver) to.arrive({ kind: "reset" });
    });
  }

  #farNode({ at, caller, listener }: Connection, from: Side): string {
    if (from !== caller) return caller.node;
    return listener?.node ?? this.#places.get(at)?.node ?? at;
  }

  #after(delayMs: number, task: () => void): void {
    this.#world.outside.timers.after(delayMs, task);
  }

  #delayMs(): number {
    const [least, most] = this.faults.delayMs;
    return least + this.#upTo(most - least);
  }

  #upTo(max: number): number {
    return Math.floor(this.#random.next() * (max + 1));
  }

  #hits(chance: number): boolean {
    return chance > 0 && this.#random.next() < chance;
  }

  #processOf(node: string): VirtualProcess {
    const process = this.#processes.get(node);
    assert(process, `there is no node ${node}`);
    return process;
  }
}

const wayOf = (from: string, to: string): string => `${from} > ${to}`;
