// The journal of the sagas of one contract: an entity of the contract's name, kept by the runtime of entities like any
// other, so that durability, one writer, recovery, snapshots, alarms and quarantine are the same. Its commands are the
// platform's own; nobody outside can send them. The key "", which no saga can have, keeps which versions were ever defined.
import { contract, ownSchema, type AnyContract, type Json, type Schema } from "../../contract/index.ts";
import { entity, type AnyEntity } from "../../entity/index.ts";
import { alarmOf, evolve, idText, sagaEventKinds, unstarted, type SagaEvent, type SagaState } from "../../saga/index.ts";
import { signalsMax } from "./limits.ts";

/** JSON that the platform itself has written. */
const own = <T>(): Schema & { readonly "~standard": { readonly types?: { readonly input: T & Json; readonly output: T & Json } } } =>
  ownSchema() as never;

export interface StartInput {
  readonly run: string;
  readonly version: number;
  readonly input?: Json;
  readonly trace?: string;
}
/** "attached": it was started before, with the same input; "other": with another one. */
export type StartReply = { readonly kind: "started"; readonly at: number } | { readonly kind: "attached" } | { readonly kind: "other" };

export interface RecordInput {
  /** Events of the saga so far, so that only who knows all of them adds to them. */
  readonly from: number;
  readonly events: readonly SagaEvent[];
}

/** What may come from outside of a saga's own run. */
export type OutsideInput =
  | { readonly kind: "Signalled"; readonly signal: string; readonly input?: unknown }
  | { readonly kind: "Abandoned"; readonly why: string }
  | { readonly kind: "Resumed" }
  | { readonly kind: "Resolved"; readonly step: string; readonly n: number; readonly note: string };
export type OutsideReply = { readonly kind: "recorded"; readonly at: number } | { readonly kind: "refused"; readonly why: string };

export interface Register {
  readonly versions: readonly number[];
}
type StoredState = SagaState & Register;
/** What the journal says of a saga, and how many events that are. */
export interface StoredSaga {
  readonly state: StoredState;
  readonly version: number;
}

/** What its commands and its query reply, by name. */
export interface JournalReplies {
  readonly start: StartReply;
  /** `moved`: somebody else has added to it, and nothing was recorded. Nothing at all for what was recorded. */
  readonly record: { readonly moved: boolean } | undefined;
  readonly outside: OutsideReply;
  readonly register: undefined;
  readonly state: StoredSaga;
}

const commands = {
  start: { in: own<StartInput>(), out: own<StartReply>() },
  record: { in: own<RecordInput>(), out: own<{ readonly moved: boolean } | undefined>() },
  outside: { in: own<OutsideInput>(), out: own<OutsideReply>() },
  register: { in: own<Register>() },
};

/** One saga may not take another's place: its own record of what it is, by the name of its contract. */
export function sagaJournal(of: AnyContract): AnyEntity {
  const name = of.$.name;
  const internal = contract(name, { version: 1, key: own<string>() as never, commands, queries: { state: { out: own<StoredSaga>() } } });
  const kinds = Object.fromEntries([...sagaEventKinds, "Registered"].map((kind) => [kind, own<Json>()]));
  const part = (entity as unknown as (of: AnyContract, how: object) => AnyEntity)(internal, {
    state: own<StoredState>(),
    initial: { ...unstarted, versions: [] },
    events: kinds,
    decide,
    evolve: {
      ...Object.fromEntries(
        sagaEventKinds.map((kind) => [
          kind,
          (state: StoredState, data: object, { caller }: { readonly caller: string }): StoredState => {
            const next = evolve(state, { kind, ...data } as SagaEvent, caller);
            return "versions" in next ? (next as StoredState) : { ...next, versions: state.versions };
          },
        ]),
      ),
      Registered: (state: StoredState, { versions }: Register): StoredState => ({ ...state, versions }),
    },
    queries: { state: (state: StoredState, _: unknown, q: Turn): StoredSaga => ({ state, version: q.version }) },
  });
  return Object.freeze({ ...part, how: Object.freeze({ ...part.how, alarm: (state: unknown) => alarmOf(state as SagaState) }) });
}

interface Turn {
  readonly version: number;
  readonly now: number;
  readonly key: string;
  emit(name: string, data: unknown): Turn;
  reply(value?: unknown): unknown;
}

const decide = {
  start(state: StoredState, { run, version, input, trace }: StartInput, turn: Turn): unknown {
    if (state.phase === "none") {
      const at = turn.now;
      const given = { ...(input === undefined ? {} : { input }), ...(trace === undefined ? {} : { trace }) };
      return turn.emit("Started", { at, run, version, ...given }).reply({ kind: "started", at });
    }
    return turn.reply({ kind: JSON.stringify(state.input) === JSON.stringify(input) ? "attached" : "other" });
  },
  record(_: StoredState, { from, events }: RecordInput, turn: Turn): unknown {
    if (turn.version !== from) return turn.reply({ moved: true });
    for (const { kind, ...data } of events) turn.emit(kind, data);
    return turn.reply();
  },
  outside(state: StoredState, { kind, ...data }: OutsideInput, turn: Turn): unknown {
    const why = refusal(state, { kind, ...data } as OutsideInput);
    if (why !== undefined) return turn.reply({ kind: "refused", why });
    const at = turn.now;
    return turn.emit(kind, { at, ...data }).reply({ kind: "recorded", at });
  },
  register: (_: StoredState, { versions }: Register, turn: Turn): unknown => turn.emit("Registered", { versions }).reply(),
};

export const notStarted = "it has not been started";

/** Why the saga as it is does not take this; undefined if it does. */
function refusal(state: StoredState, outside: OutsideInput): string | undefined {
  if (state.phase === "none") return notStarted;
  switch (outside.kind) {
    case "Resolved": {
      const apology = state.apologies.find((one) => idText(one) === idText(outside));
      if (!apology) return `it owes no apology for step "${idText(outside)}"`;
      return apology.resolved ? `the apology for step "${idText(outside)}" is resolved already` : undefined;
    }
    case "Resumed":
      return state.phase === "parked" ? undefined : `it is ${state.phase}, and only a parked one can be tried again`;
    case "Abandoned":
      if (state.phase === "ended") return "it has ended";
      return state.entries.some(({ kind }) => kind === "Abandoned") ? "it is abandoned already" : undefined;
    case "Signalled":
      if (state.phase === "ended") return "it has ended";
      return state.entries.filter(({ kind }) => kind === "Signalled").length < signalsMax
        ? undefined
        : `it has had ${signalsMax} signals, the most it takes`;
    default:
      return "it knows nothing of that kind";
  }
}
