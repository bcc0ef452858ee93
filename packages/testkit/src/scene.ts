// The stage of a given / when / then: one entity, folded from a past that the test tells, asked once. It runs the same
// kernel as production, with frozen states, and asks everything twice, because decide, evolve and queries must be pure:
// the log is folded again after every crash.
import { AssertionError } from "node:assert";
import { checkOf, type AnyOpRef, type Check } from "@atoll/core/contract";
import { EntityKernel, type AnyEntity, type Outcome, type Verdict } from "@atoll/core/entity";
import { Failure } from "@atoll/core";
import { differences } from "./difference.ts";
import { differenceLines, report, type Story } from "./report.ts";

/** Who asks, and when. */
export interface Circumstances {
  readonly caller: string;
  /** Wall clock, ms. */
  readonly now: number;
}

type Stored = Verdict["events"][number];

const shownDifferences = 10;

export class Scene {
  readonly entity: AnyEntity;
  readonly key: string;
  readonly #kernel: EntityKernel;
  readonly #circumstances: Circumstances;
  readonly #history: readonly Stored[];
  readonly #state: unknown;

  private constructor(
    entity: AnyEntity,
    kernel: EntityKernel,
    key: string,
    circumstances: Circumstances,
    history: readonly Stored[],
    state: unknown,
  ) {
    this.entity = entity;
    this.key = key;
    this.#kernel = kernel;
    this.#circumstances = circumstances;
    this.#history = history;
    this.#state = state;
  }

  static open(entity: AnyEntity, key: string, circumstances: Circumstances): Scene {
    const kernel = new EntityKernel(entity, true);
    return new Scene(entity, kernel, entity.contract.$.checkKey(key), circumstances, [], kernel.initial());
  }

  /** The same past; what follows happens under other circumstances. */
  under(circumstances: Partial<Circumstances>): Scene {
    return new Scene(this.entity, this.#kernel, this.key, { ...this.#circumstances, ...circumstances }, this.#history, this.#state);
  }

  /** The past, and one event more, in its newest version. */
  had(name: string, data: unknown): Scene {
    const stored: Stored = [name, (this.entity.how.upcast[name]?.length ?? 0) + 1, data];
    const at = { key: this.key, version: this.#history.length + 1, ...this.#circumstances };
    const fold = (event: Stored): unknown =>
      this.#guard(`event ${at.version} of the past, ${name}, cannot have been`, () => this.#kernel.apply(this.#state, event, at));
    const state = fold(stored);
    this.#mustAgree(`evolve of ${name} is not pure: from the same state it made`, state, fold(asStored(stored)));
    return new Scene(this.entity, this.#kernel, this.key, this.#circumstances, [...this.#history, stored], state);
  }

  /** Runs a command. */
  decide(name: string, input: unknown): { readonly verdict: Verdict; readonly story: Story } {
    const question = this.#question("command", name, input);
    const story: Story = { ...this.story, question: { kind: "command", name, input } };
    const run = (): Verdict => this.#guard(`${name} failed`, () => this.#kernel.decide(this.#state, this.#history.length, question), story);
    const verdict = run();
    const again = run();
    this.#mustAgree(`decide of ${name} is not pure: asked twice in the same state it gave`, summary(verdict), summary(again), story);
    this.#refold(verdict, story);
    return { verdict, story: { ...story, events: verdict.events, outcome: verdict.outcome } };
  }

  /** Runs a query. */
  query(name: string, input: unknown): { readonly outcome: Outcome; readonly story: Story } {
    const question = this.#question("query", name, input);
    const story: Story = { ...this.story, question: { kind: "query", name, input } };
    const run = (): Outcome => this.#guard(`${name} failed`, () => this.#kernel.query(this.#state, this.#history.length, question), story);
    const outcome = run();
    this.#mustAgree(`query ${name} is not pure: asked twice in the same state it gave`, outcome, run(), story);
    return { outcome, story: { ...story, outcome } };
  }

  operation(name: string): AnyOpRef {
    const operation = this.entity.contract.$.operations[name];
    return operation ?? this.#fail(`the contract has no operation "${name}"`);
  }

  /** Parses data of an event the way a reader of the log does. */
  eventCheck(name: string): Check {
    const schema = this.entity.how.events[name];
    return schema ? checkOf(schema, `event ${name}`) : this.#fail(`the entity has no event "${name}"`);
  }

  get story(): Story {
    const { name } = this.entity.contract.$;
    return { type: name, key: this.key, history: this.#history.map(([event, , data]) => [event, data]) };
  }

  /** What the log gives back after a crash must make the same state as what the decision made. */
  #refold(verdict: Verdict, story: Story): void {
    let state = this.#state;
    for (const [i, event] of verdict.events.entries()) {
      const at = { key: this.key, version: this.#history.length + i + 1, ...this.#circumstances };
      state = this.#guard(
        `event ${i + 1} that was emitted, ${event[0]}, cannot be read back`,
        () => this.#kernel.apply(state, asStored(event), at),
        story,
      );
    }
    this.#mustAgree("evolve is not pure: folded again from the log the events make another state", verdict.state, state, story);
  }

  #question(kind: "command" | "query", name: string, given: unknown): Parameters<EntityKernel["decide"]>[2] {
    const operation = this.operation(name);
    if (operation.kind !== kind) this.#fail(`"${name}" is a ${operation.kind}, not a ${kind}`);
    const input = this.#guard(`the input of ${name} is not valid`, () => operation.checks.input(given));
    return { name, input, key: this.key, ...this.#circumstances };
  }

  #mustAgree(headline: string, first: unknown, second: unknown, story = this.story): void {
    const found = differences(second, first, shownDifferences);
    if (found.length > 0)
      this.#fail(
        headline,
        differenceLines(found).map((line) => line.replace("expected", "first").replace(", was ", ", then ")),
        story,
      );
  }

  #guard<T>(headline: string, act: () => T, story = this.story): T {
    try {
      return act();
    } catch (cause) {
      const issues = cause instanceof Failure ? cause.issues : [];
      const lines =
        issues.length > 0
          ? issues.map(({ pointer, detail }) => `at ${pointer === "" ? "the whole" : pointer}: ${detail}`)
          : [messageOf(cause)];
      return this.#fail(headline, lines, story, cause);
    }
  }

  #fail(headline: string, lines: readonly string[] = [], story = this.story, cause?: unknown): never {
    const error = new AssertionError({ message: report(story, headline, lines), operator: "given" });
    if (cause !== undefined) error.cause = cause;
    throw error;
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** As it comes back from the log, which is JSON text. */
const asStored = ([name, version, data]: Stored): Stored => [
  name,
  version,
  data === undefined ? undefined : JSON.parse(JSON.stringify(data)),
];

const summary = ({ events, topics, alarm, outcome, state }: Verdict): unknown => ({ events, topics, alarm, outcome, state });
