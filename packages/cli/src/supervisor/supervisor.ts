// Runs a system as one process for each service and one for the gateway, and starts again what ends. It runs nothing of the system
// itself: it mints who is who, tells everybody whom they may ask (ADR 0029), and carries out what the course of each node says.
//
//  S1  one owner     One supervisor for a data directory: the lock ends with its process, whatever the end.
//  S2  no orphans    Its children end when it does; what hangs is ended by the next supervisor before it starts anything.
//  S3  named         A node is in the directory of the others from the moment at which it listens until it is asked to end, or has ended.
//  S4  gateway last  It listens when every service is running, and is the first to stop.
import type { System } from "@atoll/core";
import { OwnerLock } from "@atoll/core/journal/sqlite";
import type { Logger } from "@atoll/core/runtime";
import { type Address, type NodeIdentity, ticketFor } from "@atoll/core/transport";
import { rmSync } from "node:fs";
import { CommandError } from "../command-error.ts";
import { type DirectoryEntries, type DirectoryEntry, gatewayService } from "./channel.ts";
import { Child } from "./child.ts";
import { type Course, type Effect, type Input, newCourse, type NodeState, stateOf, step } from "./course.ts";
import { clearPlaces, mint, type Place } from "./places.ts";
import { endOrphans, forgetProcesses, recordProcesses } from "./orphans.ts";

export interface SupervisorInit {
  readonly system: System;
  /** That exports the system; every process loads it. */
  readonly file: string;
  /** Real path of the data directory. */
  readonly data: string;
  readonly port: number;
  readonly host: string | undefined;
  /** Of the supervisor itself. */
  readonly logger: Logger;
  /** Takes lines of the logs of its processes. */
  readonly write: (line: string) => void;
}

/** A row of `atoll ps`. */
export interface NodeStatus {
  readonly service: string;
  readonly node: string;
  /** Null while there is no process. */
  readonly pid: number | null;
  readonly state: NodeState;
  readonly restarts: number;
  /** Of the present process. */
  readonly uptime_ms: number;
  /** Why it has failed. */
  readonly reason?: string;
}

/** For what a process was asked to end, and has not, beyond its grace (ms); then it is killed. */
const overtimeMs = 1_000;
/** Within this time (ms) signals to several processes are one. */
const sameSignalMs = 250;
/** To answer what was accepted, when a node is restarted. */
const restartGraceMs = 10_000;
/** For those that came up beside one that could not. */
const failedStartGraceMs = 1_000;

interface Slot {
  readonly service: string;
  readonly node: string;
  course: Course;
  child: Child | undefined;
  /** Of the present process. */
  place: Place | undefined;
  /** The present process has its assignment. */
  begun: boolean;
}

export class Supervisor {
  readonly #init: SupervisorInit;
  readonly #lock: OwnerLock;
  readonly #slots: readonly Slot[];
  readonly #watchers = new Set<() => void>();
  #url = "";
  /** Of the gateway, once it is known: the next process of it takes the same. */
  #port: number;
  #opened = false;
  #graceMs = restartGraceMs;
  #stopping: Promise<void> | undefined;

  private constructor(init: SupervisorInit, lock: OwnerLock) {
    this.#init = init;
    this.#lock = lock;
    this.#port = init.port;
    const { services, gateway } = init.system;
    const names = [...services.map(({ name }) => name), ...(gateway ? [gatewayService] : [])];
    this.#slots = names.map((service) => ({
      service,
      node: `${service}-1`,
      course: newCourse,
      child: undefined,
      place: undefined,
      begun: false,
    }));
  }

  /** Fails with JOURNAL_IN_USE, which names the owner's pid (S1). Ends what a former supervisor has left (S2). */
  static async open(init: SupervisorInit): Promise<Supervisor> {
    const lock = await OwnerLock.acquire(init.data, init.logger);
    const ended = await endOrphans(init.data);
    if (ended.length > 0) init.logger.log("warn", "supervisor.orphans_ended", { pids: ended });
    clearPlaces(init.data);
    return new Supervisor(init, lock);
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
      for (const slot of this.#slots) this.#take(slot, { kind: "start" });
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

  get services(): readonly string[] {
    return this.#slots.map(({ service }) => service);
  }

  status(): readonly NodeStatus[] {
    return this.#slots.map(({ service, node, course, child }) => ({
      service,
      node,
      pid: child?.pid ?? null,
      state: stateOf(course),
      restarts: course.restarts,
      uptime_ms: child ? Math.round(performance.now() - child.startedMs) : 0,
      ...(course.phase.kind === "failed" ? { reason: course.phase.reason } : {}),
    }));
  }

  /** Ends the process in order and starts another; what others ask meanwhile waits at the asker's. Resolves when that one is running. */
  async restart(service: string): Promise<void> {
    const slot = this.#slot(service);
    this.#take(slot, { kind: "restart" });
    const { process, phase } = slot.course;
    const next = phase.kind === "draining" ? process + 1 : process;
    await this.#until(() => isOver(slot) || (slot.course.process >= next && isRunning(slot)));
    if (!isRunning(slot)) throw new CommandError(whyNot(slot));
  }

  /** What the node answers. Waits for it to run, for at most `withinMs`. Rejects with a `CommandError`. */
  async ask(service: string, verb: string, input: unknown, withinMs: number): Promise<unknown> {
    const slot = this.#slot(service);
    await this.#until(() => isOver(slot) || isRunning(slot), withinMs);
    if (!isRunning(slot) || !slot.child) throw new CommandError(whyNot(slot));
    return slot.child.ask(verb, input);
  }

  /** Idempotent. What is not answered within `graceMs` is abandoned. */
  stop(graceMs: number): Promise<void> {
    return (this.#stopping ??= this.#stop(graceMs));
  }

  async #stop(graceMs: number): Promise<void> {
    const { data, logger } = this.#init;
    logger.log("info", "supervisor.stopping", {});
    const endMs = performance.now() + graceMs;
    const isGateway = ({ service }: Slot): boolean => service === gatewayService;
    for (const slots of [this.#slots.filter(isGateway), this.#slots.filter((slot) => !isGateway(slot))]) {
      this.#graceMs = Math.max(0, Math.round(endMs - performance.now()));
      for (const slot of slots) this.#take(slot, { kind: "stop" });
      await this.#until(() => slots.every(({ child }) => !child));
    }
    clearPlaces(data);
    forgetProcesses(data);
    logger.log("info", "supervisor.stopped", {});
    this.#lock.release();
  }

  #slot(service: string): Slot {
    const slot = this.#slots.find((one) => one.service === service);
    if (slot) return slot;
    throw new CommandError(`there is no service "${service}" here; there are: ${this.services.join(", ") || "none"}`);
  }

  /** Resolves when it holds, or `withinMs` are over. */
  async #until(holds: () => boolean, withinMs?: number): Promise<void> {
    if (holds()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (holds()) resolve();
    };
    const late = withinMs === undefined ? undefined : setTimeout(resolve, withinMs);
    this.#watchers.add(look);
    await promise;
    this.#watchers.delete(look);
    clearTimeout(late);
  }

  #take(slot: Slot, input: Input): void {
    const { course, effects } = step(slot.course, input, performance.now());
    slot.course = course;
    for (const effect of effects) this.#perform(slot, effect);
    this.#tellAll();
    this.#beginGateway();
    for (const look of this.#watchers) look();
  }

  #perform(slot: Slot, effect: Effect): void {
    const { logger } = this.#init;
    switch (effect.kind) {
      case "spawn":
        return this.#spawn(slot, effect.process);
      case "drain":
        return this.#drain(slot);
      case "pause":
        setTimeout(() => this.#take(slot, { kind: "due", process: effect.process }), effect.ms);
        return;
      case "tell":
        logger.log(effect.level, effect.event, { service: slot.service, node: slot.node, ...effect.fields });
    }
  }

  #spawn(slot: Slot, process: number): void {
    const { logger, write, data, file } = this.#init;
    const { service, node } = slot;
    slot.place = mint(data, { node, service });
    slot.begun = false;
    slot.child = new Child({
      of: { node, service },
      logger,
      write,
      running: (url) => this.#running(slot, process, url),
      signalled: () => this.#signalled(slot, process),
      refused: (why) => this.#take(slot, { kind: "refused", process, why }),
      ended: (how) => {
        slot.child = undefined;
        if (slot.place) rmSync(slot.place.at, { force: true });
        this.#take(slot, { kind: "ended", process, how, jitter: Math.random() });
      },
    });
    recordProcesses(
      data,
      this.#slots.flatMap(({ child }) => (child && child.pid > 0 ? [child.pid] : [])),
    );
    slot.child.send({ kind: "load", file });
    if (service !== gatewayService || this.#opened) this.#begin(slot);
  }

  /** A SIGTERM that reaches one process only asks for another one; where it reaches all, the supervisor's own follows at once. */
  #signalled(slot: Slot, process: number): void {
    setTimeout(() => {
      if (!this.#stopping && slot.course.process === process) this.#take(slot, { kind: "restart" });
    }, sameSignalMs);
  }

  #running(slot: Slot, process: number, url: string): void {
    if (slot.service === gatewayService) {
      this.#url = url;
      this.#port = Number(new URL(url).port);
    }
    this.#take(slot, { kind: "running", process });
  }

  /** The grace is the process's; one that does not keep to it is killed. */
  #drain(slot: Slot): void {
    const { child } = slot;
    const graceMs = this.#graceMs;
    child?.send({ kind: "stop", graceMs });
    setTimeout(() => {
      if (slot.child !== child || !child) return;
      this.#init.logger.log("warn", "node.killed", { service: slot.service, node: slot.node, reason: "it has not ended within its grace" });
      child.kill();
    }, graceMs + overtimeMs).unref();
  }

  /** At the first start it waits for all services; later, those that have failed are no reason for it to wait (S4). */
  #beginGateway(): void {
    const gateway = this.#slots.find(({ service }) => service === gatewayService);
    if (!gateway || gateway.begun || gateway.course.phase.kind !== "starting") return;
    if (this.#opened || this.#slots.every((slot) => slot === gateway || isRunning(slot))) this.#begin(gateway);
  }

  #begin(slot: Slot): void {
    const { data, host } = this.#init;
    const { place, child } = slot;
    if (!place || !child) return;
    slot.begun = true;
    const { identity: self, at, secret } = place;
    child.send({ kind: "begin", assignment: { self, at, secret, data, port: this.#port, host, directory: this.#directoryOf(self) } });
  }

  #tellAll(): void {
    for (const { child, place, begun } of this.#slots) if (child && place && begun) child.tellDirectory(this.#directoryOf(place.identity));
  }

  /** As one node is to know it: every address with its own ticket. */
  #directoryOf(self: NodeIdentity): DirectoryEntries {
    const entries: Record<string, DirectoryEntry> = {};
    for (const slot of this.#slots) if (slot.service !== self.service) entries[slot.service] = this.#entryOf(slot, self);
    return entries;
  }

  #entryOf({ course: { phase }, place }: Slot, self: NodeIdentity): DirectoryEntry {
    if (phase.kind === "failed") return { nodes: [], lost: phase.reason };
    if (this.#stopping && phase.kind === "stopped") return { nodes: [], lost: "the system is stopping" };
    if (phase.kind !== "running" || !place) return { nodes: [] };
    const address: Address = { identity: place.identity, at: place.at, ticket: ticketFor(place.secret, this.#init.system.name, self) };
    return { nodes: [address] };
  }
}

const isRunning = ({ course }: Slot): boolean => course.phase.kind === "running";
/** It will not run by itself any more. */
const isOver = ({ course: { phase } }: Slot): boolean => phase.kind === "failed" || phase.kind === "stopped";

function whyNot({ service, course }: Slot): string {
  if (course.phase.kind === "failed") return `service "${service}" has failed: ${course.phase.reason}`;
  if (course.refusal !== undefined) return course.refusal;
  return `service "${service}" is not running, but ${stateOf(course)}: ask again`;
}
