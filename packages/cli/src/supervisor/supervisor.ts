// Runs a system as one process for each node of each service and of the gateway, and starts again what ends. It runs nothing of the system
// itself: it mints who is who, tells everybody whom they may ask (ADR 0029), and carries out what the course of each node, its beats and
// the registry of its service say (ADR 0036). What operators ask for is in operations.ts.
//
//  S1  one owner     One supervisor for a data directory: the lock ends with its process, whatever the end.
//  S2  no orphans    Its children end when it does; what hangs is ended by the next supervisor before it starts anything.
//  S3  told          Every node that has begun is told of every change of the directory (directory.ts).
//  S4  gateway last  It listens when every service is running, and is the first to stop.
//  S5  leaves first  A node is told to stop when its partitions are with others, or nobody could take them, or that takes too long; when the
//                    system stops, the hosts of the logs after those that append through them. Before, those who might ask it have been told not to.
//  S6  silent        A silent node is asked by nobody, and its partitions are given to others. It is killed if nobody could do its work beside
//                    it: the only one that is heard, the host of a log, a gateway, whose clients would still be led to it. So is one that is wedged.
import type { System } from "@atoll/core";
import { OwnerLock } from "@atoll/core/journal/sqlite";
import type { Logger } from "@atoll/core/runtime";
import { jsonLogger } from "@atoll/core/runtime/node";
import { rmSync } from "node:fs";
import { CommandError } from "../command-error.ts";
import { beatEveryMs, type BeatInput, newBeats, stepBeats } from "./beats.ts";
import { gatewayService } from "./channel.ts";
import { Child } from "./child.ts";
import { type Effect, type Input, step } from "./course.ts";
import { directoryOf } from "./directory.ts";
import { endOrphans, forgetProcesses, recordProcesses } from "./orphans.ts";
import { clearPlaces, mint } from "./places.ts";
import { sharesPorts, sharingOf } from "./port-sharing.ts";
import { RecentLines } from "./recent-lines.ts";
import { ServiceNodes } from "./service-nodes.ts";
import { isRunning, isStopped, type NodeStatus, type Slot, statusOfNode, whyNot } from "./slot.ts";

export interface SupervisorInit {
  readonly system: System;
  /** That exports the system; every process loads it. */
  readonly file: string;
  /** Real path of the data directory. */
  readonly data: string;
  readonly port: number;
  readonly host: string | undefined;
  /** Takes lines of the log: of the supervisor itself, and of its processes. */
  readonly write: (line: string) => void;
}

/** For what a process was asked to end, and has not, beyond its grace (ms); then it is killed. */
const overtimeMs = 1_000;
/** Within this time (ms) signals to several processes are one. */
const sameSignalMs = 250;
/** To answer what was accepted, when a node is ended and others go on. */
const restartGraceMs = 10_000;
/** For those that came up beside one that could not. */
const failedStartGraceMs = 1_000;
/** For those that might ask a node that is to stop to be told not to (ms). */
const toldWithinMs = 1_000;
/** For the partitions of a node that is to end to be with others. */
const leaveWithinMs = 10_000;

export class Supervisor {
  readonly lines = new RecentLines();
  readonly #init: SupervisorInit;
  readonly #lock: OwnerLock;
  readonly #logger: Logger;
  readonly #services: ReadonlyMap<string, ServiceNodes>;
  readonly #watchers = new Set<() => void>();
  readonly #turns: NodeJS.Timeout;
  #url = "";
  /** Of the gateway, once it is known: the next process of it takes the same. */
  #port: number;
  #opened = false;
  #telling = false;
  /** Of the directory that was told last. */
  #version = 0;
  #graceMs = restartGraceMs;
  #stopping: Promise<void> | undefined;

  private constructor(init: SupervisorInit, lock: OwnerLock, logger: Logger) {
    this.#init = init;
    this.#lock = lock;
    this.#logger = logger;
    this.#port = init.port;
    const { services, gateway } = init.system;
    const names = [...services.map(({ name }) => name), ...(gateway ? [gatewayService] : [])];
    this.#services = new Map(names.map((name) => [name, new ServiceNodes(name)]));
    for (const nodes of this.#services.values()) nodes.add();
    // What has arrived by now is read before the turn is counted (B1).
    this.#turns = setInterval(() => setImmediate(() => this.#turn()), beatEveryMs);
    this.#turns.unref();
  }

  /** Fails with JOURNAL_IN_USE, which names the owner's pid (S1). Ends what a former supervisor has left (S2). */
  static async open(init: SupervisorInit): Promise<Supervisor> {
    const logger = jsonLogger({ write: init.write });
    const lock = await OwnerLock.acquire(init.data, logger);
    const ended = await endOrphans(init.data);
    if (ended.length > 0) logger.log("warn", "supervisor.orphans_ended", { pids: ended });
    clearPlaces(init.data);
    return new Supervisor(init, lock, logger);
  }

  /** Resolves with the gateway's address, "" without one. If a node cannot start, everything is ended, and it rejects with that one's reason. */
  async start(): Promise<string> {
    const starting = Promise.withResolvers<void>();
    const look = (): void => {
      const failed = this.#slots.find(({ course }) => course.refusal !== undefined || course.phase.kind === "failed");
      if (failed) starting.reject(new CommandError(whyNot(failed)));
      else if (this.#slots.every(isRunning)) starting.resolve();
    };
    this.#watchers.add(look);
    try {
      for (const slot of this.#slots) this.take(slot, { kind: "start" });
      look(); // of a system that consists of nothing
      await starting.promise;
      this.#opened = true;
      return this.#url;
    } catch (error) {
      await this.stop(failedStartGraceMs);
      throw error;
    } finally {
      this.#watchers.delete(look);
    }
  }

  get system(): System {
    return this.#init.system;
  }

  get services(): readonly ServiceNodes[] {
    return [...this.#services.values()];
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  get #slots(): readonly Slot[] {
    return this.services.flatMap(({ slots }) => slots);
  }

  /** Fails with a `CommandError` if there is none. */
  service(name: string): ServiceNodes {
    const nodes = this.#services.get(name);
    if (nodes) return nodes;
    throw new CommandError(`there is no service "${name}" here; there are: ${[...this.#services.keys()].join(", ") || "none"}`);
  }

  status(): readonly NodeStatus[] {
    return this.#slots.map(statusOfNode);
  }

  /** Idempotent. What is not answered within `graceMs` is abandoned. */
  stop(graceMs: number): Promise<void> {
    return (this.#stopping ??= this.#stop(graceMs));
  }

  async #stop(graceMs: number): Promise<void> {
    const { data } = this.#init;
    this.#logger.log("info", "supervisor.stopping", {});
    const endMs = performance.now() + graceMs;
    for (const nodes of this.services) nodes.freeze();
    const isGateway = ({ service }: ServiceNodes): boolean => service === gatewayService;
    for (const group of [this.services.filter(isGateway), this.services.filter((nodes) => !isGateway(nodes))]) {
      const [hosts, others] = [group.flatMap(({ host = [] }) => host), group.flatMap(({ slots }) => slots)];
      for (const slots of [others.filter((slot) => !hosts.includes(slot)), hosts]) {
        this.#graceMs = Math.max(0, Math.round(endMs - performance.now()));
        for (const slot of slots) this.take(slot, { kind: "stop" });
        await this.until(() => slots.every(({ child }) => !child));
      }
    }
    clearInterval(this.#turns);
    clearPlaces(data);
    forgetProcesses(data);
    this.#logger.log("info", "supervisor.stopped", {});
    this.lines.close();
    this.#lock.release();
  }

  /** Resolves with whether it holds, when it does, or when `withinMs` are over. */
  async until(holds: () => boolean, withinMs?: number): Promise<boolean> {
    if (holds()) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (holds()) resolve();
    };
    const late = withinMs === undefined ? undefined : setTimeout(resolve, withinMs);
    this.#watchers.add(look);
    await promise;
    this.#watchers.delete(look);
    clearTimeout(late);
    return holds();
  }

  /** What happens to a node, and what follows from it. */
  take(slot: Slot, input: Input): void {
    const { course, effects } = step(slot.course, input, performance.now());
    slot.course = course;
    for (const effect of effects) this.#perform(slot, effect);
    if (slot.going && isStopped(slot) && !slot.child) this.service(slot.service).remove(slot);
    this.#changed();
  }

  /** It ends in order, and is forgotten then. */
  dismiss(slot: Slot): void {
    slot.going = true;
    this.take(slot, { kind: "stop" });
  }

  /** The plan of its service has it owned by this node, as soon as can be. */
  move(nodes: ServiceNodes, partition: number, slot: Slot): void {
    nodes.moved(partition, slot);
    this.#changed();
  }

  #changed(): void {
    this.#tellAll();
    this.#beginGateways();
    this.#look();
  }

  #look(): void {
    for (const look of this.#watchers) look();
  }

  #perform(slot: Slot, effect: Effect): void {
    switch (effect.kind) {
      case "spawn":
        return this.#spawn(slot, effect.process);
      case "drain":
        void this.#drain(slot);
        return;
      case "pause":
        setTimeout(() => this.take(slot, { kind: "due", process: effect.process }), effect.ms);
        return;
      case "tell":
        this.#tell(slot, effect.level, effect.event, effect.fields);
    }
  }

  #tell(slot: Slot, level: "info" | "warn" | "error", event: string, fields: object): void {
    this.#loggerOf(slot).log(level, event, { service: slot.service, node: slot.node, ...fields });
  }

  /** Its lines are kept with those of the node. */
  #loggerOf(slot: Slot): Logger {
    return jsonLogger({ write: (line) => this.#write(slot, line) });
  }

  #write({ service, node }: Slot, line: string): void {
    this.#init.write(line);
    this.lines.take(service, node, line);
  }

  #spawn(slot: Slot, process: number): void {
    const { data, file } = this.#init;
    const { service, node } = slot;
    const nodes = this.service(service);
    slot.place = mint(data, { node, service });
    slot.beats = newBeats;
    slot.begun = slot.listening = slot.leaving = false;
    const now = <A extends readonly unknown[]>(then: (...given: A) => void) => {
      const { place } = slot;
      return (...given: A): void => {
        if (slot.place === place) then(...given); // what a former process had under way is old news
      };
    };
    slot.child = new Child({
      of: { node, service },
      logger: this.#loggerOf(slot),
      write: (line) => this.#write(slot, line),
      running: (url) => this.#running(slot, process, url),
      beat: now(() => this.#beat(slot, "beat")),
      told: () => this.#look(),
      report: now((report) => {
        nodes.reported(slot, report);
        this.#changed();
      }),
      signalled: () => this.#signalled(slot, process),
      refused: (why) => this.take(slot, { kind: "refused", process, why }),
      ended: (how) => {
        slot.child = undefined;
        slot.listening = false;
        nodes.became("ended", slot);
        if (slot.place) rmSync(slot.place.at, { force: true });
        this.take(slot, { kind: "ended", process, how, jitter: Math.random() });
      },
    });
    nodes.joined(slot);
    this.#record();
    slot.child.send({ kind: "load", file });
    if (service !== gatewayService) this.#begin(slot);
  }

  /** Where the disk is full, a process that runs is worth more than what the next supervisor would read of it. */
  #record(): void {
    const pids = this.#slots.flatMap(({ child }) => (child && child.pid > 0 ? [child.pid] : []));
    try {
      recordProcesses(this.#init.data, pids);
    } catch (error) {
      this.#logger.log("warn", "processes.not_recorded", { error });
    }
  }

  /** A SIGTERM that reaches one process only asks for another one; where it reaches all, the supervisor's own follows at once. */
  #signalled(slot: Slot, process: number): void {
    setTimeout(() => {
      if (!this.#stopping && slot.course.process === process) this.take(slot, { kind: "restart" });
    }, sameSignalMs);
  }

  #running(slot: Slot, process: number, url: string): void {
    if (slot.service === gatewayService) {
      this.#url = url;
      this.#port = Number(new URL(url).port);
    }
    slot.listening = true;
    this.service(slot.service).became("running", slot);
    this.#beat(slot, "running");
    this.take(slot, { kind: "running", process });
  }

  /** Its partitions leave first (S5). The grace is the process's; one that does not keep to it is killed. */
  async #drain(slot: Slot): Promise<void> {
    const { child } = slot;
    const nodes = this.service(slot.service);
    nodes.became("draining", slot);
    await this.until(() => this.isStopping || slot.child !== child || nodes.mayEnd(slot), leaveWithinMs);
    if (!child || slot.child !== child) return;
    slot.leaving = true;
    this.#tellAll();
    const version = this.#version + 1;
    const isTold = (other: Slot): boolean =>
      other === slot || !other.begun || !other.child || other.beats.silent || other.child.known >= version;
    await this.until(() => this.isStopping || slot.child !== child || this.#slots.every(isTold), toldWithinMs);
    if (slot.child !== child) return;
    const graceMs = this.#graceMs;
    child.send({ kind: "stop", graceMs, goesOn: !this.isStopping && nodes.heard.length > 0 });
    setTimeout(() => {
      if (slot.child === child) this.#kill(slot, "it has not ended within its grace");
    }, graceMs + overtimeMs).unref();
  }

  #kill(slot: Slot, reason: string): void {
    this.#tell(slot, "warn", "node.killed", { reason });
    slot.child?.kill();
  }

  // ── beats ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #turn(): void {
    for (const slot of this.#slots) if (slot.child) this.#beat(slot, "turn");
  }

  #beat(slot: Slot, input: BeatInput): void {
    const [beats, news] = stepBeats(slot.beats, input);
    slot.beats = beats;
    if (news === undefined) return;
    const nodes = this.service(slot.service);
    if (news === "wedged") return this.#kill(slot, `it has given no sign of life for ${beats.missed} s`);
    this.#tell(slot, news === "silent" ? "warn" : "info", `node.${news}`, {});
    const indispensable = slot.service === gatewayService || nodes.isHost(slot) || nodes.heard.length === 0;
    nodes.became(news, slot);
    if (news === "silent" && isRunning(slot) && indispensable) this.#kill(slot, "it is silent, and nobody can do its work beside it");
    this.#changed();
  }

  // ── who is told what ────────────────────────────────────────────────────────────────────────────────────────────

  /** At the first start they wait for all services; later, those that have failed are no reason to wait (S4). One tries a port at a time. */
  #beginGateways(): void {
    const gateways = this.#services.get(gatewayService)?.slots ?? [];
    if (!this.#opened && !this.#slots.every((slot) => slot.service === gatewayService || isRunning(slot))) return;
    for (const slot of gateways) {
      const starting = ({ begun, course }: Slot): boolean => begun && course.phase.kind === "starting";
      if (!gateways.some(({ listening }) => listening) && gateways.some(starting)) return;
      if (!slot.begun && slot.child && slot.course.phase.kind === "starting") this.#begin(slot);
    }
  }

  #begin(slot: Slot): void {
    const { data, host } = this.#init;
    const { place, child } = slot;
    if (!place || !child) return;
    slot.begun = true;
    const { identity: self, at, secret } = place;
    const sharing = sharesPorts ? sharingOf(this.#services.get(gatewayService)?.slots ?? []) : undefined;
    const directory = directoryOf(this.system.name, this.services, self, this.isStopping);
    child.send({ kind: "begin", assignment: { self, at, secret, data, port: this.#port, host, sharing, directory } });
  }

  /** Once for all that happens at one moment. */
  #tellAll(): void {
    if (this.#telling) return;
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      this.#version += 1;
      for (const { child, place, begun } of this.#slots) {
        if (child && place && begun)
          child.tellDirectory(this.#version, directoryOf(this.system.name, this.services, place.identity, this.isStopping));
      }
    });
  }
}
