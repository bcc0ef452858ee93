// given / when / then for read models: what has happened to their sources, and what a query then shows, as one sentence which a
// test awaits.
//
//   await given(orderHistory).had(order, "o1", "Placed", placed).asked("of", { customer: "c1" }).replies({ entries, total: 1 });
//
// Everything is folded twice: as it is told, and with the entities in the opposite order. Between entities no order is promised,
// so a read model whose tables depend on it fails here, and not one day in production.
import { AssertionError } from "node:assert";
import { Failure } from "@atoll/core";
import type { AnyOpRef, AnyTopicRef, Given, In, Part, Rejects, ReplyGiven, Schema, TopicRef } from "@atoll/core/contract";
import type { AnyEntity, Entity } from "@atoll/core/entity";
import { differences } from "./difference.ts";
import { readEvent, ReadModelStage, sourceText, type Happened, type ReadModelPart, type Shown } from "./read-model-stage.ts";
import { differenceLines, happenedRows, row, valueText } from "./report.ts";
import type { Circumstances } from "./scene.ts";
import { mustEnd } from "./unended.ts";

type Input<O> = In<O> extends Schema ? [input: Given<In<O>>] : [];

/** A read model, and what has happened to its sources. Immutable: one beginning can be told on in several ways. */
export interface Folded<D> {
  /** An event of an entity, in its newest version. Fails if its data does not match its schema. */
  had<X, E, S, K extends keyof E>(entity: Entity<X, E, S>, key: string, event: K, data: Given<E[K]>): Folded<D>;
  /** A message of a topic, published by the entity of this key. */
  heard<X, M>(topic: TopicRef<X, M>, key: string, message: M): Folded<D>;
  /** What follows happens at this time (wall clock, ms; 2026-01-01 at first) and is caused or asked by this caller ("test" at first). */
  under(circumstances: Partial<Circumstances>): Folded<D>;
  /** An entity is set aside, because an event of it cannot be applied. `key`, or SOURCE/KEY; `why` is looked for in the reason. */
  parks(key: string, why?: RegExp): Folded<D>;
  /** Runs the query; then say what is expected. That also says that nothing else is parked. */
  asked<Q extends keyof Part<D, "queries">>(query: Q, ...input: Input<Part<D, "queries">[Q]>): Shows<Part<D, "queries">[Q]>;
}

export interface Shows<O> {
  /** The reply, compared in the form in which its receiver reads it. */
  replies(value: ReplyGiven<O>): Promise<void>;
  rejects<K extends keyof Rejects<O>>(name: K, details: Rejects<O>[K]): Promise<void>;
}

/** What the sentence says up to the question. */
interface Beginning {
  readonly model: ReadModelPart<unknown>;
  readonly circumstances: Circumstances;
  readonly happened: readonly Happened[];
  readonly parked: readonly { readonly key: string; readonly why: RegExp }[];
}

const shownDifferences = 10;

export const folded = <D>(model: ReadModelPart<D>, circumstances: Circumstances): Folded<D> =>
  told({ model, circumstances, happened: [], parked: [] });

function told<D>(beginning: Beginning): Folded<D> {
  const { model, circumstances, happened, parked } = beginning;
  const next = (source: AnyEntity | AnyTopicRef, given: string, name: string, read: (key: string) => unknown): Folded<D> => {
    try {
      const key = source.contract.$.checkKey(given);
      return told({ ...beginning, happened: [...happened, { source, key, name, data: read(key), ...circumstances }] });
    } catch (error) {
      return fail(beginning, `${name} of ${sourceText(source)} ${JSON.stringify(given)} can never happen`, [messageOf(error)]);
    }
  };
  return {
    had: (entity, key, event, data) => {
      const source = entity as unknown as AnyEntity;
      return next(source, key, String(event), (of) => readEvent(source, String(event), data, of));
    },
    heard: (topic, key, said) => {
      const source = topic as unknown as AnyTopicRef;
      return next(source, key, source.name, () => source.check(said));
    },
    under: (given) => told({ ...beginning, circumstances: { ...circumstances, ...given } }),
    parks: (key, why = /(?:)/) => told({ ...beginning, parked: [...parked, { key, why }] }),
    asked: (query, ...[input]) => {
      const to = model.contract.$.operations[String(query)];
      if (to?.kind !== "query") return fail(beginning, `the contract has no query "${String(query)}"`);
      return new Showing(beginning, to, input) as unknown as Shows<never>;
    },
  };
}

class Showing {
  readonly #beginning: Beginning;
  readonly #to: AnyOpRef;
  readonly #input: unknown;
  #ended = false;

  constructor(beginning: Beginning, to: AnyOpRef, input: unknown) {
    this.#beginning = beginning;
    this.#to = to;
    this.#input = input;
    const headline = "nothing was expected: end the sentence with replies or rejects, in the turn in which it began";
    mustEnd(Showing, () => (this.#ended ? undefined : message(beginning, headline, [], this.#question)));
  }

  async replies(value: unknown): Promise<void> {
    const shown = await this.#play();
    const { answer } = shown;
    if (answer.kind !== "reply") return this.#fail("a reply was expected", [`expected reply ${valueText(value)}`], shown);
    const expected = this.#checked("the expected reply can never come", () => this.#to.checks.reply(value));
    this.#compare("the reply is another than expected", answer.value, expected, shown);
    this.#parkedAsTold(shown);
  }

  async rejects(name: string, details: unknown): Promise<void> {
    const shown = await this.#play();
    const { answer } = shown;
    if (answer.kind !== "rejection" || answer.name !== name)
      return this.#fail("another rejection was expected", [`expected rejection ${name} ${valueText(details)}`], shown);
    this.#compare(`the rejection ${name} has other details than expected`, answer.details, details, shown);
    this.#parkedAsTold(shown);
  }

  async #play(): Promise<Answered> {
    this.#ended = true;
    const { model, happened, circumstances } = this.#beginning;
    const input = this.#checked(`the input of ${this.#to.name} is not valid`, () => this.#to.checks.input(this.#input));
    const play = async (events: readonly Happened[]): Promise<Answered> => {
      const played = await ReadModelStage.play(model, events, { to: this.#to, input, caller: circumstances.caller }).catch(
        (error: unknown) => this.#fail(messageOf(error)),
      );
      const { answer } = played;
      if (answer instanceof Failure) return this.#fail(`${this.#to.name} failed`, [messageOf(answer)]);
      return { ...played, answer };
    };
    const shown = await play(happened);
    const other = await play(turned(happened));
    const found = differences(asShown(other), asShown(shown), shownDifferences);
    if (found.length === 0) return shown;
    const lines = differenceLines(found).map((line) => line.replace("expected", "as told").replace(", was ", ", turned round "));
    return this.#fail("it depends on the order between entities, which nothing promises, or `on` is not pure", lines, shown);
  }

  #parkedAsTold(shown: Answered): void {
    const left = [...shown.parked];
    for (const { key, why } of this.#beginning.parked) {
      const index = left.findIndex((entity) => (entity.key === key || placeOf(entity) === key) && why.test(entity.reason));
      if (index === -1) this.#fail(`"${key}" was to be parked with ${why}, and is not`, [], shown);
      left.splice(index, 1);
    }
    const [other] = left;
    if (other) this.#fail(`${placeOf(other)} is parked: ${other.reason}`, [], shown);
  }

  #compare(headline: string, actual: unknown, expected: unknown, shown: Answered): void {
    const found = differences(actual, expected, shownDifferences);
    if (found.length > 0) this.#fail(headline, differenceLines(found), shown);
  }

  #checked<T>(headline: string, check: () => T): T {
    try {
      return check();
    } catch (error) {
      return this.#fail(headline, [messageOf(error)]);
    }
  }

  get #question(): readonly string[] {
    return [row("query", `${this.#to.name}${this.#input === undefined ? "" : ` ${valueText(this.#input)}`}`)];
  }

  #fail(headline: string, lines: readonly string[] = [], shown?: Answered): never {
    const parked = shown?.parked.map((entity) => row("parked", `${placeOf(entity)}: ${entity.reason}`)) ?? [];
    const answered = shown ? [row("answered", answerText(shown))] : [];
    return fail(this.#beginning, headline, lines, [...this.#question, ...answered, ...parked]);
  }
}

type Answered = Shown & { readonly answer: Exclude<Shown["answer"], Failure> };

/** Each entity's events in their order, the entity that something happened to last first. */
function turned(happened: readonly Happened[]): readonly Happened[] {
  const subjects = new Map<string, Happened[]>();
  for (const event of happened) {
    const subject = `${sourceText(event.source)}/${event.key}`;
    const events = subjects.get(subject);
    if (events) events.push(event);
    else subjects.set(subject, [event]);
  }
  return [...subjects.values()].reverse().flat();
}

const asShown = ({ answer: { given: _, ...answer }, parked }: Answered): unknown => ({
  answer,
  parked: parked.map((entity) => `${placeOf(entity)}: ${entity.reason}`).sort(),
});

const placeOf = ({ source, key }: { readonly source: string; readonly key: string }): string => `${source}/${key}`;
const answerText = ({ answer }: Answered): string =>
  answer.kind === "reply" ? `reply ${valueText(answer.value)}` : `rejection ${answer.name} ${valueText(answer.details)}`;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function message({ model, happened }: Beginning, headline: string, lines: readonly string[], more: readonly string[]): string {
  const history = happened.map(({ source, key, name, data }) => [`${sourceText(source)}/${key} ${name}`, data] as const);
  const title = `read model ${model.contract.$.name}: ${headline}`;
  return [title, ...lines.map((line) => `  ${line}`), ...happenedRows("history", history), ...more].join("\n");
}

function fail(beginning: Beginning, headline: string, lines: readonly string[] = [], more: readonly string[] = []): never {
  throw new AssertionError({ message: message(beginning, headline, lines, more), operator: "given" });
}
