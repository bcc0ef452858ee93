// The system as a run takes it: implementations replaced by stand-ins, and entities watched, so that the laws know which
// command each record of the log came from. Everything else is what the author wrote.
import { Failure, type Implementation, type Moment, type System } from "@atoll/core";
import { tableOf } from "@atoll/core/contract";
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
function mapParts(system: System, change: (part: Implementation) => Implementation): System {
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

type Decide = (state: unknown, input: unknown, turn: unknown) => unknown;

const isEntity = (part: Implementation): part is AnyEntity => part.kind === "entity";

/** Notes what the entities of one run are asked to decide. */
export class Witness {
  readonly system: System;
  /** By place of the decision, the inputs that were decided there: after a failed commit there can be several. */
  readonly #inputs = new Map<string, Map<string, unknown>>();

  constructor(system: System) {
    this.system = mapParts(system, (part) => (isEntity(part) ? this.#watched(part) : part));
  }

  /** The inputs of the commands that were decided at this place. */
  inputsOf(decided: Decided): readonly unknown[] {
    return [...(this.#inputs.get(placeOf(decided))?.values() ?? [])];
  }

  #watched(entity: AnyEntity): AnyEntity {
    const type = entity.contract.$.name;
    const decide = Object.entries(entity.how.decide).map(([command, original]): [string, Decide] => [
      command,
      (state, input, turn) => {
        const { key, version, now, caller } = turn as Moment;
        this.#note({ type, key, command, version, now, caller }, input);
        return original(state, input, turn);
      },
    ]);
    return Object.freeze({ ...entity, how: Object.freeze({ ...entity.how, decide: tableOf(Object.fromEntries(decide)) }) });
  }

  #note(decided: Decided, input: unknown): void {
    const place = placeOf(decided);
    const inputs = this.#inputs.get(place);
    const text = JSON.stringify(input) ?? "";
    if (inputs) inputs.set(text, input);
    else this.#inputs.set(place, new Map([[text, input]]));
  }
}

const placeOf = ({ type, key, command, version, now, caller }: Decided): string => JSON.stringify([type, key, command, version, now, caller]);
