// The files of a read model over time: finds them, keeps the one that answers and the one that is being built, and puts the one
// in the other's place.
//
//  G1  answering  As long as there is a file of this version that was finished, it is the one that answers, also while another
//                 is built beside it. The file of an older version is none: its code is not here.
//  G2  swap       The new one answers from one moment on, when it has applied at least what the old one has: nobody who begins
//                 later sees less than somebody who began before. For those who read elsewhere (reader.ts) the old file says that
//                 it is replaced before the new one answers; while it is told, whoever begins here waits. It is removed when its
//                 last query here has ended.
//  G3  again      At a start the newest finished generation of this version answers and older ones are removed; an unfinished
//                 one is gone on with, and so is one that was replaced by another version. Before this one answers, files of lower
//                 versions are removed, and those of higher ones say that they are replaced: nobody reads what no one projects, and
//                 a program that was rolled back and comes again finds its own.
//  G4  forked     A stored position that is none of its log (another log, another timeline, beyond its head) is LOG_FORKED
//                 until the read model is rebuilt, and never passed over in silence.
import { backoffMs, type EventSource, Failure, type ServiceRoom } from "@atoll/core/extension";
import { TableError } from "@atoll/core/tables";
import type { ReadModelBehaviour } from "./behaviour.ts";
import { findFiles, type FoundFile, silence } from "./files.ts";
import type { ReadModelLimits } from "./limits.ts";
import { damagedFile, generationOf, ModelFile, nameOf } from "./model-file.ts";
import type { ProjectorObserver } from "./projector.ts";
import { Serving } from "./serving.ts";
import type { Stream } from "./stream.ts";

export interface LineageInit {
  readonly contract: string;
  readonly behaviour: ReadModelBehaviour;
  /** Fingerprint of what makes a file. */
  readonly definition: string;
  readonly sources: ReadonlyMap<string, EventSource>;
  readonly room: ServiceRoom;
  readonly limits: ReadModelLimits;
  /** `service: contract`, for messages. */
  readonly at: string;
  readonly moved: ProjectorObserver["moved"];
  /** The one that answers has got on, or another one does; or it is known that there will be none for now. */
  readonly changed: (answering: readonly Stream[] | undefined) => void;
}

/** How often a file is told that it is replaced, before it is taken from those who still read it: queries wait meanwhile. */
const replacedTriesMax = 3;

export class Lineage {
  readonly #init: LineageInit;
  #live: Serving | undefined;
  #building: Serving | undefined;
  #broken: Failure | undefined;
  /** Highest number of a generation that was ever seen. */
  #generation = 0;
  #swap: Promise<void> | undefined;
  #handover: Promise<void> | undefined;
  #opening: Promise<void> | undefined;
  #retiring: Promise<void> = Promise.resolve();
  #closing = false;
  readonly #closed = Promise.withResolvers<void>();
  /** Called when the one that is being built has got on. */
  #nudge: (() => void) | undefined;

  constructor(init: LineageInit) {
    this.#init = init;
  }

  get live(): Serving | undefined {
    return this.#live;
  }

  get building(): Serving | undefined {
    return this.#building;
  }

  /** Until it is over nobody knows whether `live` still is: others may answer from the next one already. */
  get handover(): Promise<void> | undefined {
    return this.#handover;
  }

  /** Why nobody answers, if it is not because one is being built. */
  get broken(): Failure | undefined {
    return this.#broken;
  }

  /** INVALID_DEFINITION fails it; what the medium does wrong is tried again meanwhile. */
  async open(): Promise<void> {
    try {
      await this.#find();
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      this.#opening = this.#keepOpening(error);
    }
  }

  /** Resolves when a new one has begun; at once if one is on its way. UNAVAILABLE if none can be begun. */
  async rebuild(): Promise<void> {
    const given = this.#building;
    if (this.#closing || (given && !given.broken)) return;
    try {
      if (given) await this.#discard(given);
      await this.#build();
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      throw new Failure("UNAVAILABLE", { what: `a new file cannot be made: ${error.message}`, at: this.#init.at, cause: error });
    }
    this.#checkCaughtUp();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#broken = new Failure("UNAVAILABLE", { what: "the system is stopping", at: this.#init.at });
    this.#closed.resolve();
    this.#nudge?.();
    await this.#opening;
    await this.#swap;
    for (const serving of [this.#building, this.#live]) await serving?.close();
    await this.#retiring;
  }

  /** One that has failed for good: nobody has seen anything of it. */
  async #discard(building: Serving): Promise<void> {
    const { tables, service } = this.#init.room;
    await building.close();
    await tables.remove(service, building.file.name);
    this.#building = undefined;
    if (this.#broken === building.failing) this.#broken = undefined;
  }

  async #find(): Promise<void> {
    const { contract, behaviour, definition, sources, room, at } = this.#init;
    const { tables, service, runtime } = room;
    const { version } = behaviour;
    const damaged = (name: string, error: TableError): void => {
      this.#logDamaged(name, error);
      if (generationOf(name)?.version === version) this.#broken = damagedFile(error, at);
    };
    const found = await findFiles({ tables, service, contract, version, definition, sources: [...sources.keys()], at, damaged });
    this.#generation = Math.max(this.#generation, found.generationMax);
    const live = found.live && (await this.#adopt(found.live));
    if (live instanceof Failure) {
      runtime.logger.log("error", "read_model.forked", { service, readModel: contract, error: live }); // G4
      this.#broken = live;
    } else if (live) {
      this.#live = live;
      this.#broken = undefined;
    }
    const building = found.building && (await this.#adopt(found.building));
    if (building instanceof Failure) await tables.remove(service, found.building?.file.name ?? "");
    else this.#building = building;
    if (!this.#live && !this.#building && !this.#broken) await this.#build();
    this.#changed();
    this.#checkCaughtUp();
  }

  /** LOG_FORKED, given back, closes it. */
  async #adopt({ file, stored, generation }: FoundFile): Promise<Serving | Failure> {
    try {
      return this.#serving(file, stored, generation);
    } catch (error) {
      await file.close();
      if (error instanceof Failure) return error;
      throw error;
    }
  }

  /** Makes a new file and begins to fill it. */
  async #build(): Promise<void> {
    const { contract, behaviour, definition, room, at } = this.#init;
    const { tables, service, runtime } = room;
    const generation = (this.#generation += 1);
    const name = nameOf({ contract, version: behaviour.version, generation });
    const file = await ModelFile.open(tables, service, name);
    try {
      await file.make(definition, behaviour.create, at);
    } catch (error) {
      await file.close();
      await tables.remove(service, name);
      throw error;
    }
    runtime.logger.log("info", "read_model.building", { service, file: name });
    this.#building = this.#serving(file, { definition, state: "building", positions: [], parked: [] }, generation);
  }

  #serving(file: ModelFile, stored: FoundFile["stored"], generation: number): Serving {
    const { at, behaviour, limits, sources, room } = this.#init;
    const init = { at, behaviour, runtime: room.runtime, limits, sources, generation };
    return new Serving(file, stored, init, (serving) => this.#observer(serving));
  }

  #observer(serving: Serving): ProjectorObserver {
    const { room, contract, moved } = this.#init;
    const log = (level: "info" | "warn" | "error", event: string, error?: unknown): void =>
      room.runtime.logger.log(level, event, { service: room.service, readModel: contract, ...(error === undefined ? {} : { error }) });
    return {
      moved: (applied) => {
        moved(applied);
        if (serving === this.#live) return this.#changed();
        this.#nudge?.();
        this.#checkCaughtUp();
      },
      failing: (error) => {
        if (error !== undefined && serving.failing === undefined) log("warn", "read_model.failing", error);
        if (error === undefined && serving.failing !== undefined) log("info", "read_model.recovered");
        serving.failing = error;
      },
      broken: (failure) => {
        log("error", "read_model.broken", failure);
        serving.failing = failure;
        if (serving === this.#building && !this.#live) this.#broken = failure;
        this.#nudge?.();
        this.#changed();
      },
    };
  }

  #changed(): void {
    this.#init.changed(this.#live?.streams);
  }

  #checkCaughtUp(): void {
    const building = this.#building;
    if (!building || this.#swap || this.#closing || building.projector.behind > this.#init.limits.caughtUpRecords) return;
    this.#swap = this.#putInPlace(building).finally(() => {
      this.#swap = undefined;
    });
  }

  /** G2. */
  async #putInPlace(building: Serving): Promise<void> {
    const { room, limits } = this.#init;
    const old = this.#live;
    await old?.projector.stop(); // it answers, and moves no further
    if (old) await this.#passes(building, old);
    let live = false;
    const settled = await this.#persist(building, async () => {
      if (building.broken) return;
      await building.file.goLive();
      await this.#silenceOthers(building, old);
      live = true;
    });
    if (!settled) return;
    if (!live) return old?.resume(); // it has stopped, and a person will look at it
    const handover = Promise.withResolvers<void>();
    if (old) this.#handover = handover.promise;
    const handedOver = !old || (await this.#replaced(building, old));
    this.#handover = undefined;
    this.#live = handedOver ? building : undefined;
    handover.resolve();
    if (!handedOver) return old?.close();
    this.#building = undefined;
    this.#broken = undefined;
    room.runtime.logger.log("info", "read_model.live", { service: room.service, file: building.file.name });
    this.#changed();
    if (old) this.#retiring = this.#retire(old, limits.retireMsMax);
  }

  #silenceOthers(building: Serving, old: Serving | undefined): Promise<void> {
    const { room, contract, behaviour } = this.#init;
    const damaged = (name: string, error: TableError): void => this.#logDamaged(name, error);
    const { tables, service } = room;
    const { generation } = building;
    return silence({ tables, service, damaged }, { contract, version: behaviour.version, generation }, old?.file.name);
  }

  /** Nobody begins to read it any more, here or elsewhere. One that does not take the word for that is removed at once. False: closing. */
  #replaced(building: Serving, old: Serving): Promise<boolean> {
    const { tables, service } = this.#init.room;
    return this.#persist(building, async (failures) => {
      if (failures < replacedTriesMax) return old.file.goReplaced();
      await old.close();
      return tables.remove(service, old.file.name);
    });
  }

  /** Until the medium lets it. False: closing. */
  async #persist(building: Serving, work: (failures: number) => Promise<void>): Promise<boolean> {
    for (let failures = 0; !this.#isClosing(); failures++) {
      try {
        await work(failures);
        return true;
      } catch (error) {
        if (!(error instanceof TableError)) throw error;
        building.failing = error;
        await this.#pause(failures + 1);
        building.failing = undefined;
      }
    }
    return false;
  }

  /** Waits until it has applied what `old` has; or will not. */
  async #passes(building: Serving, old: Serving): Promise<void> {
    while (!building.reached(old) && !this.#closing && !building.broken) {
      await new Promise<void>((resolve) => (this.#nudge = resolve));
    }
    this.#nudge = undefined;
  }

  /** One that cannot be removed now is at the next start. */
  async #retire(old: Serving, withinMs: number): Promise<void> {
    const { room, contract } = this.#init;
    const { tables, service, runtime } = room;
    const { name } = old.file;
    await old.retire(withinMs, this.#closed.promise);
    try {
      await tables.remove(service, name);
      runtime.logger.log("info", "read_model.removed", { service, file: name });
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      runtime.logger.log("warn", "read_model.not_removed", { service, readModel: contract, error });
    }
  }

  #logDamaged(name: string, error: TableError): void {
    const { service, runtime } = this.#init.room;
    runtime.logger.log("error", "read_model.damaged", { service, file: name, error });
  }

  async #keepOpening(first: TableError): Promise<void> {
    const { room, contract, at } = this.#init;
    let error: unknown = first;
    for (let failures = 1; error instanceof TableError && !this.#closing; failures++) {
      this.#broken = new Failure("UNAVAILABLE", { what: `it cannot be opened: ${error.message}`, at, cause: error });
      room.runtime.logger.log("warn", "read_model.failing", { service: room.service, readModel: contract, error });
      this.#changed();
      await this.#pause(failures);
      if (this.#isClosing()) return;
      this.#broken = undefined;
      error = await this.#find().catch((again: unknown) => again);
    }
    if (error instanceof Failure) this.#broken = error;
    this.#changed();
  }

  /** As a call, because it may change while something is waited for. */
  #isClosing(): boolean {
    return this.#closing;
  }

  #pause(failures: number): Promise<void> {
    const { room, limits } = this.#init;
    const delayMs = backoffMs(limits.retry, failures, () => room.runtime.random.next());
    return Promise.race([this.#closed.promise, new Promise<void>((resolve) => void room.runtime.timers.after(delayMs, resolve))]);
  }
}
