// The system as a run takes it: implementations replaced by stand-ins, and entities watched, so that the laws know which
// command each record of the log came from. Everything else is what the author wrote.
import { Failure, type Implementation, type Moment, type System } from "@atoll/core";
import { tableOf, type Table } from "@atoll/core/contract";
import type { AnyEntity } from "@atoll/core/entity";

/** `system` with each of `stands` in the place of the implementation of the same contract. Throws INVALID_DEFINITION. */
export function replaced(system: System, stands: readonly Implementation[]): System {
  const open = new Map(stands.map((stand) => [stand.contract.$.name, stand]));
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at: `simulate "${system.name}"` });
  };
  if (open.size < stands.length) refuse("two implementations of one contract are to replace it");
  const next = mapParts(system, (part) => {
    const stand = open.get(part.contract.$.name);
    if (!stand) return part;
    open.delete(part.contract.$.name);
    if (stand.contract.$.version !== part.contract.$.version) {
      const { name, version } = stand.contract.$;
      refuse(`the replacement of contract "${name}" implements version ${version}, the system version ${part.contract.$.version}`);
    }
    return stand;
  });
  for (const name of open.keys()) refuse(`nothing implements contract "${name}", which is to be replaced`);
  return next;
}

/** Applies `change` to every implementation of the system, those of its gateway included. */
export function mapParts(system: System, change: (part: Implementation) => Implementation): System {
  const { gateway } = system;
  return {
    ...system,
    services: system.services.map((service) => ({ ...service, parts: service.parts.map(change) })),
    gateway: gateway && { ...gateway, parts: gateway.parts.map(change), open: (edge) => gateway.open(edge) },
  };
}

/** A command as `decide` was given it. */
export interface Decided {
  readonly type: string;
  readonly key: string;
  readonly command: string;
  /** Of the state it was decided on. */
  readonly version: number;
  readonly now: number;
  readonly caller: string;
}

/** A query as it was answered. */
export interface Read {
  /** Of the state it was answered from. */
  readonly version: number;
  /** What the implementation returned. */
  readonly given: unknown;
}

type Behaviour = (state: unknown, input: unknown, turn: unknown) => unknown;

const isEntity = (part: Implementation): part is AnyEntity => part.kind === "entity";

/** Notes what the entities of one run are asked to decide, and what they let be read. */
export class Witness {
  readonly system: System;
  readonly #steps: () => number;
  /** By place of the decision, the inputs that were decided there: after a failed commit there can be several. */
  readonly #inputs = new Map<string, Map<string, unknown>>();
  /** By entity and query, in the order in which they were answered. */
  readonly #reads = new Map<string, { readonly step: number; readonly read: Read }[]>();

  /** `steps`: events of the world so far. */
  constructor(system: System, steps: () => number) {
    this.#steps = steps;
    this.system = mapParts(system, (part) => (isEntity(part) ? this.#watched(part) : part));
  }

  /** The inputs of the commands that were decided at this place. */
  inputsOf(decided: Decided): readonly unknown[] {
    return [...(this.#inputs.get(placeOf(decided))?.values() ?? [])];
  }

  /** The reads of one entity by one query since event `fromStep`. */
  readsOf(type: string, key: string, query: string, fromStep: number): readonly Read[] {
    const reads = this.#reads.get(JSON.stringify([type, key, query])) ?? [];
    return reads.slice(reads.findLastIndex(({ step }) => step < fromStep) + 1).map(({ read }) => read);
  }

  #watched(entity: AnyEntity): AnyEntity {
    const type = entity.contract.$.name;
    const decide = mapTable(entity.how.decide, (original, command) => (state, input, turn) => {
      const { key, version, now, caller } = turn as Moment;
      this.#noteInput({ type, key, command, version, now, caller }, input);
      return original(state, input, turn);
    });
    const queries = mapTable(entity.how.queries, (original, query) => (state, input, q) => {
      const { key, version } = q as Moment;
      const given = original(state, input, q);
      this.#noteRead(JSON.stringify([type, key, query]), { version, given });
      return given;
    });
    return Object.freeze({ ...entity, how: Object.freeze({ ...entity.how, decide, queries }) });
  }

  #noteInput(decided: Decided, input: unknown): void {
    const place = placeOf(decided);
    const inputs = this.#inputs.get(place);
    const text = JSON.stringify(input) ?? "";
    if (inputs) inputs.set(text, input);
    else this.#inputs.set(place, new Map([[text, input]]));
  }

  #noteRead(place: string, read: Read): void {
    const reads = this.#reads.get(place);
    const entry = { step: this.#steps(), read };
    if (reads) reads.push(entry);
    else this.#reads.set(place, [entry]);
  }
}

export function mapTable(table: Table<Behaviour>, change: (original: Behaviour, name: string) => Behaviour): Table<Behaviour> {
  return tableOf(Object.fromEntries(Object.entries(table).map(([name, original]) => [name, change(original, name)])));
}

const placeOf = ({ type, key, command, version, now, caller }: Decided): string =>
  JSON.stringify([type, key, command, version, now, caller]);
