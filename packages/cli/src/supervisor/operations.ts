// What operators do to the nodes of a service while it serves: more or fewer of them, other processes in their place, partitions elsewhere.
//
//  X1  one by one   Of one service one of scale, drain and restart is carried out at a time, in the order in which they were asked for.
//  X2  never none   What takes nodes away leaves one that runs; a successor runs before the one that it replaces is asked to end, and when it cannot
//                   come up, that one goes on.
//  X3  settled      Each resolves when it is done: new nodes run, ended ones have ended, partitions are where they are to be. One that is not
//                   done in time says how it stands; what was begun goes on.
import { CommandError } from "../command-error.ts";
import { gatewayService } from "./channel.ts";
import { successorOf } from "./course.ts";
import { sharesPorts } from "./port-sharing.ts";
import { nodesMax, type ServiceNodes } from "./service-nodes.ts";
import { isHeard, isOver, isRunning, isStopped, type NodeStatus, type Slot, statusOfNode, whyNot } from "./slot.ts";
import type { Supervisor } from "./supervisor.ts";

/** For all that one operation waits for. Whoever asked waits a little longer (processes.ts). */
const doneWithinMs = 60_000;

export class Operations {
  readonly #supervisor: Supervisor;
  readonly #turns = new Map<ServiceNodes, Promise<unknown>>();

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  /** Those with the highest numbers go first. Nodes that were drained count as gone. */
  scale(service: string, count: number): Promise<readonly NodeStatus[]> {
    const nodes = this.#supervisor.service(service);
    if (!Number.isSafeInteger(count) || count < 1 || count > nodesMax)
      throw new CommandError(`a service has 1 to ${nodesMax} nodes, not ${String(count)}`);
    if (count > 1) this.#checkSeveral(nodes);
    return this.#inTurn(nodes, async (late) => {
      const going = nodes.wanted.slice(count);
      for (const slot of nodes.slots.filter(isStopped)) this.#supervisor.dismiss(slot);
      while (nodes.wanted.length < count) this.#supervisor.take(nodes.add(), { kind: "start" });
      const staying = nodes.wanted.filter((slot) => !going.includes(slot));
      await this.#come(staying, late);
      await Promise.all(going.map((slot) => this.#leave(nodes, slot, late)));
      await this.#settle(nodes, late);
    });
  }

  /** Its partitions leave, it answers what it has accepted, and its process ends; it stays so until `restart` or `scale`. */
  drain(node: string): Promise<readonly NodeStatus[]> {
    const nodes = this.#serviceOf(node);
    return this.#inTurn(nodes, async (late) => {
      const slot = this.#named(nodes, node);
      if (isStopped(slot)) return;
      if (!nodes.heard.some((other) => other !== slot)) {
        const more = `scale it up first (\`atoll scale ${nodes.service} 2\`), or end the system (\`atoll stop\`)`;
        throw new CommandError(`node "${node}" is the only one of service "${nodes.service}" that runs: ${more}`);
      }
      this.#supervisor.take(slot, { kind: "stop" });
      await this.#until(late, nodes, () => isStopped(slot) && !slot.child);
      await this.#settle(nodes, late);
    });
  }

  /** Each of its nodes gets another process, one after the other. `rolling`: that one runs first. */
  restart(service: string, rolling: boolean): Promise<readonly NodeStatus[]> {
    const nodes = this.#supervisor.service(service);
    return this.#inTurn(nodes, async (late) => {
      for (const slot of nodes.slots.slice()) {
        if (rolling && isRunning(slot) && this.#mayOverlap(nodes)) await this.#replace(nodes, slot, late);
        else await this.#again(nodes, slot, late);
        if (nodes.slots.length > 1) await this.#settle(nodes, late); // the next one's partitions need somebody to go to
      }
      await this.#settle(nodes, late);
    });
  }

  /** Resolves when the node holds the partition. It does as long as it runs and nobody moves it on. */
  async move(service: string, partition: number, node: string): Promise<void> {
    const nodes = this.#supervisor.service(service);
    const { partitions } = nodes;
    if (partitions.length === 0) throw new CommandError(`service "${service}" has no log, and so no partitions`);
    if (!partitions.some((one) => one.partition === partition))
      throw new CommandError(`service "${service}" has the partitions 0 to ${partitions.length - 1}, and no ${String(partition)}`);
    const slot = this.#named(nodes, node);
    if (!isHeard(slot)) throw new CommandError(whyNotAsked(slot));
    const { place } = slot;
    this.#supervisor.move(nodes, partition, slot);
    const at = (): string | undefined => {
      const one = nodes.partitions[partition];
      return one?.state === "held" ? one.incarnation : undefined;
    };
    const gone = (): boolean => slot.place !== place || !isHeard(slot);
    const late = performance.now() + doneWithinMs;
    await this.#until(late, nodes, () => gone() || at() === place?.identity.incarnation);
    if (at() !== place?.identity.incarnation) throw new CommandError(`node "${node}" went before it had the partition: ask again`);
  }

  // ── one node ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #leave(nodes: ServiceNodes, slot: Slot, late: number): Promise<void> {
    this.#supervisor.dismiss(slot);
    await this.#until(late, nodes, () => !nodes.slots.includes(slot));
  }

  async #again(nodes: ServiceNodes, slot: Slot, late: number): Promise<void> {
    const { process } = slot.course;
    const next = isRunning(slot) ? process + 1 : process;
    this.#supervisor.take(slot, { kind: isStopped(slot) ? "start" : "restart" });
    await this.#until(late, nodes, () => isOver(slot) || (slot.course.process >= next && isRunning(slot)));
    if (!isRunning(slot)) throw new CommandError(whyNot(slot));
  }

  async #replace(nodes: ServiceNodes, slot: Slot, late: number): Promise<void> {
    const successor = nodes.addSuccessor(slot, successorOf(slot.course));
    this.#supervisor.take(successor, { kind: "start" });
    const tried = (): boolean => successor.course.phase.kind !== "starting" || successor.course.refusal !== undefined;
    const up = (await this.#supervisor.until(tried, late - performance.now())) && isRunning(successor);
    if (!up) {
      const why = successor.course.refusal ?? "its process ended, or took too long; `atoll logs` has what it said";
      await this.#leave(nodes, successor, performance.now() + doneWithinMs);
      throw new CommandError(`node "${slot.node}" goes on as it is, its successor could not start: ${why}`);
    }
    await this.#leave(nodes, slot, late);
  }

  async #come(slots: readonly Slot[], late: number): Promise<void> {
    await this.#supervisor.until(() => slots.every((slot) => isRunning(slot) || isOver(slot)), late - performance.now());
    const not = slots.find((slot) => !isRunning(slot));
    if (not) throw new CommandError(whyNot(not));
  }

  #settle(nodes: ServiceNodes, late: number): Promise<void> {
    return this.#until(late, nodes, () => nodes.isSettled);
  }

  async #until(late: number, nodes: ServiceNodes, holds: () => boolean): Promise<void> {
    const { isStopping } = this.#supervisor;
    const over = (): boolean => this.#supervisor.isStopping && !isStopping;
    await this.#supervisor.until(() => over() || holds(), Math.max(0, late - performance.now()));
    if (holds()) return;
    if (this.#supervisor.isStopping) throw new CommandError("the system is stopping");
    const how = nodes.slots.map((slot) => `${slot.node} is ${statusOfNode(slot).state}`).join(", ");
    throw new CommandError(`service "${nodes.service}" has not settled within ${doneWithinMs / 1_000} s: ${how}; it goes on`);
  }

  // ── what is allowed ─────────────────────────────────────────────────────────────────────────────────────────────

  #inTurn(nodes: ServiceNodes, act: (late: number) => Promise<void>): Promise<readonly NodeStatus[]> {
    const before = this.#turns.get(nodes) ?? Promise.resolve();
    const turn = before.then(async () => {
      if (this.#supervisor.isStopping) throw new CommandError("the system is stopping");
      await act(performance.now() + doneWithinMs);
      return nodes.slots.map(statusOfNode);
    });
    this.#turns.set(
      nodes,
      turn.catch(() => {}),
    );
    return turn;
  }

  #serviceOf(node: string): ServiceNodes {
    const nodes = this.#supervisor.services.find((one) => one.named(node));
    if (nodes) return nodes;
    const all = this.#supervisor.services.flatMap(({ slots }) => slots.map((slot) => slot.node));
    throw new CommandError(`there is no node "${node}" here; there are: ${all.join(", ") || "none"}`);
  }

  #named(nodes: ServiceNodes, node: string): Slot {
    const slot = nodes.named(node);
    if (slot) return slot;
    const own = nodes.slots.map((one) => one.node).join(", ");
    throw new CommandError(`service "${nodes.service}" has no node "${node}"; it has: ${own}`);
  }

  #mayOverlap({ service }: ServiceNodes): boolean {
    return service !== gatewayService || sharesPorts;
  }

  #checkSeveral(nodes: ServiceNodes): void {
    if (this.#mayOverlap(nodes)) return;
    throw new CommandError(`service "${nodes.service}" has one node: several gateways share one port, which only Linux does`);
  }
}

const whyNotAsked = (slot: Slot): string => (isRunning(slot) ? `node "${slot.node}" gives no sign of life: ask again` : whyNot(slot));
