// given / when / then for sagas: a course of things as one sentence, which a test awaits. The parties are whatever the
// sentence says they are; time passes as fast as the saga waits for it.
//
//   await given(checkout, "o1").when(order).step("reserve tea").rejects("SoldOut", { left: 0 }).undoes("place").rejects("SoldOut", { left: 0 });
import { AssertionError } from "node:assert";
import type { AnyOpRef, Given, In, Json, OpRef, Rejects, ReplyGiven, Schema } from "@atoll/core/contract";
import type { AnySaga, Saga } from "@atoll/core/saga";
import { differences } from "./difference.ts";
import { differenceLines, valueText } from "./report.ts";
import { SagaStage, type Played, type Script, type Told } from "./saga-stage.ts";
import type { Circumstances } from "./scene.ts";
import { mustEnd } from "./unended.ts";

type Input<O> = In<O> extends Schema ? [input: Given<In<O>>] : [];

/** A saga that is about to start. */
export interface Beginning<D, O> {
  /** It is started at this time (wall clock, ms; 2026-01-01 at first) by this caller ("test" at first). */
  under(circumstances: Partial<Circumstances>): Beginning<D, O>;
  /** Starts it; then say what its steps come to, and what is expected. */
  when(...input: Input<O>): Course<D, O>;
}

/** What a step comes to; a step whose command has no reply comes to that unless something else is said. */
export interface StepTold<D, O> {
  /** The reply of what it asks. */
  replies(value?: Json): Course<D, O>;
  /** A rejection of what it asks. */
  rejects(name: string, details: Json): Course<D, O>;
  /** It stays unknown whether it took place, until its budget is spent: then it counts as done. */
  fails(): Course<D, O>;
}

/** A course of things. Each of `replies`, `rejects`, `fails` and `parks` ends the sentence, and says that nothing else was undone or is owed. */
export interface Course<D, O> {
  /** By name; the second time the name comes it is "NAME/2". */
  step(name: string): StepTold<D, O>;
  /** What the undo of a step comes to. */
  undo(name: string): StepTold<D, O>;
  /** Comes when the saga next waits for something. */
  signal<X>(command: OpRef<D, X>, ...input: Input<X>): Course<D, O>;
  /** These steps are undone, in this order. */
  undoes(...steps: readonly string[]): Course<D, O>;
  /** Apologies are owed for these steps. */
  owes(...steps: readonly string[]): Course<D, O>;
  replies(...value: O extends { readonly out: Schema } ? [ReplyGiven<O>] : []): Promise<void>;
  rejects<K extends keyof Rejects<O>>(name: K, details: Rejects<O>[K]): Promise<void>;
  /** It ends without an answer of its contract; `why` is looked for in what its caller hears. */
  fails(why?: RegExp): Promise<void>;
  /** It cannot go on by itself. */
  parks(why?: RegExp): Promise<void>;
}

interface Told1 {
  readonly script: Script;
  readonly undone: readonly string[];
  readonly owed: readonly string[];
}

const shownDifferences = 10;

export function beginning<D, O>(saga: Saga<D, O>, key: string, circumstances: Circumstances): Beginning<D, O> {
  return {
    under: (given) => beginning(saga, key, { ...circumstances, ...given }),
    when: (...[input]) => {
      const checked = saga.how.command.checks.input(input);
      const script: Script = { key: saga.contract.$.checkKey(key), input: checked, ...circumstances, told: new Map(), signals: [] };
      return new SagaCourse(saga, { script, undone: [], owed: [] }) as unknown as Course<D, O>;
    },
  };
}

class SagaCourse {
  readonly #saga: AnySaga;
  readonly #told: Told1;
  /** It was continued, or ended. */
  #goesOn = false;

  constructor(saga: AnySaga, told: Told1) {
    this.#saga = saga;
    this.#told = told;
    const headline = "nothing was expected: end the sentence with replies, rejects, fails or parks, in the turn in which it began";
    mustEnd(SagaCourse, () => (this.#goesOn ? undefined : this.#message(undefined, headline)));
  }

  step(name: string): object {
    return this.#tell(idOf(name));
  }

  undo(name: string): object {
    return this.#tell(`${idOf(name)}.undo`);
  }

  signal(command: AnyOpRef, input?: unknown): SagaCourse {
    const { script } = this.#told;
    const signals = [...script.signals, { signal: command.name, input: command.checks.input(input) }];
    return this.#next({ ...this.#told, script: { ...script, signals } });
  }

  undoes(...steps: readonly string[]): SagaCourse {
    return this.#next({ ...this.#told, undone: [...this.#told.undone, ...steps.map(idOf)] });
  }

  owes(...steps: readonly string[]): SagaCourse {
    return this.#next({ ...this.#told, owed: [...this.#told.owed, ...steps.map(idOf)] });
  }

  async replies(value?: unknown): Promise<void> {
    const played = await this.#play();
    const { outcome } = played.state;
    if (outcome?.kind !== "reply") return this.#fail(played, `it was to reply ${valueText(value)}, and ${endOf(played)}`);
    const { checks } = this.#saga.how.command;
    this.#compare(played, "the reply is another than expected", checks.reply(outcome.reply), checks.reply(value));
    this.#nothingElse(played);
  }

  async rejects(name: string, details: unknown): Promise<void> {
    const played = await this.#play();
    const { outcome } = played.state;
    if (outcome?.kind !== "rejection" || outcome.name !== name)
      return this.#fail(played, `it was to be rejected with ${name} ${valueText(details)}, and ${endOf(played)}`);
    const { checks } = this.#saga.how.command;
    this.#compare(played, `the rejection ${name} has other details than expected`, checks.rejection(name, outcome.details), details);
    this.#nothingElse(played);
  }

  async fails(why = /(?:)/): Promise<void> {
    const played = await this.#play();
    const { outcome } = played.state;
    if (outcome?.kind !== "failure" || !why.test(outcome.what))
      return this.#fail(played, `it was to fail with ${why}, and ${endOf(played)}`);
    this.#nothingElse(played);
  }

  async parks(why = /(?:)/): Promise<void> {
    const played = await this.#play();
    const { phase, parked } = played.state;
    if (phase !== "parked" || !why.test(parked ?? "")) return this.#fail(played, `it was to be parked with ${why}, and ${endOf(played)}`);
    this.#nothingElse(played);
  }

  #tell(id: string): object {
    const tell = (told: Told): SagaCourse => {
      const { script } = this.#told;
      return this.#next({ ...this.#told, script: { ...script, told: new Map([...script.told, [id, told]]) } });
    };
    return {
      replies: (value?: unknown) => tell({ kind: "reply", value }),
      rejects: (name: string, details: unknown) => tell({ kind: "rejection", name, details }),
      fails: () => tell({ kind: "unknown" }),
    };
  }

  #next(told: Told1): SagaCourse {
    this.#goesOn = true;
    return new SagaCourse(this.#saga, told);
  }

  #play(): Promise<Played> {
    this.#goesOn = true;
    return SagaStage.play(this.#saga, this.#told.script).catch((error: unknown) => {
      throw new AssertionError({
        message: this.#message(undefined, error instanceof Error ? error.message : String(error)),
        operator: "given",
      });
    });
  }

  #nothingElse(played: Played): void {
    const { state, unheard } = played;
    const [nobody] = unheard;
    if (nobody !== undefined) this.#fail(played, `"${nobody}" was told of, and nothing asked for it`);
    const list = (ids: readonly string[]): string => (ids.length === 0 ? "nothing" : ids.join(", "));
    const undone = state.undone.map(({ step, n }) => `${step}/${n}`);
    const owed = state.apologies.map(({ step, n }) => `${step}/${n}`);
    if (undone.join() !== this.#told.undone.join())
      this.#fail(played, `${list(this.#told.undone)} was to be undone, and ${list(undone)} was`);
    if (owed.join() !== this.#told.owed.join())
      this.#fail(played, `an apology was to be owed for ${list(this.#told.owed)}, and is for ${list(owed)}`);
  }

  #compare(played: Played, headline: string, actual: unknown, expected: unknown): void {
    const found = differences(actual, expected, shownDifferences);
    if (found.length > 0) this.#fail(played, [headline, ...differenceLines(found).map((line) => `  ${line}`)].join("\n"));
  }

  #fail(played: Played, headline: string): never {
    throw new AssertionError({ message: this.#message(played, headline), operator: "given" });
  }

  #message(played: Played | undefined, headline: string): string {
    const { key, input } = this.#told.script;
    const asked = played?.asked.map(({ id, calls }) => `  ${id}${calls.length === 0 ? "" : `: ${calls.join("; ")}`}`) ?? [];
    const journal = played?.journal.map(({ kind, at: _, ...data }) => `  ${kind} ${valueText(data)}`) ?? [];
    return [
      `saga ${this.#saga.contract.$.name} ${JSON.stringify(key)}: ${headline}`,
      `input     ${valueText(input)}`,
      ...(played ? ["asked", ...asked, "journal", ...journal] : []),
    ].join("\n");
  }
}

const idOf = (name: string): string => (/\/\d+$/.test(name) ? name : `${name}/1`);

function endOf({ state }: Played): string {
  const { outcome, parked, phase } = state;
  if (phase === "parked") return `was parked: ${parked}`;
  if (outcome?.kind === "reply") return `it replied ${valueText(outcome.reply)}`;
  if (outcome?.kind === "rejection") return `it was rejected with ${outcome.name} ${valueText(outcome.details)}`;
  return outcome ? `it failed: ${outcome.what}` : `it is ${phase}`;
}
