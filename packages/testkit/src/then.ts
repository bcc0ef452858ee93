// What a test expects of one command or query. Events are expected in order; the answer comes last and also says that
// no other event was emitted. A sentence that never reaches its end is reported too (unended.ts).
import { AssertionError } from "node:assert";
import type { Outcome, Verdict } from "@atoll/core/entity";
import { differences } from "./difference.ts";
import { answerText, differenceLines, eventText, report, valueText, type Story } from "./report.ts";
import type { Scene } from "./scene.ts";
import { mustEnd } from "./unended.ts";

const shownDifferences = 10;

export class Expectations {
  readonly #scene: Scene;
  readonly #story: Story;
  readonly #events: Verdict["events"];
  readonly #outcome: Outcome;
  #consumed = 0;
  /** "begun": nothing was expected yet. "open": events were. "over": the answer was, or something failed. */
  #state: "begun" | "open" | "over" = "begun";

  constructor(scene: Scene, story: Story, events: Verdict["events"], outcome: Outcome) {
    this.#scene = scene;
    this.#story = story;
    this.#events = events;
    this.#outcome = outcome;
    mustEnd(Expectations, () => this.#unended());
  }

  emits(name: string, data: unknown): this {
    this.#mustBeOpen();
    this.#state = "open";
    const index = this.#consumed;
    const event = this.#events[index];
    if (!event)
      return this.#fail(
        `event ${index + 1} was expected and is missing`,
        [`expected ${eventText(name, data)}, was nothing`],
        undefined,
        data,
      );
    const wrong = `event ${index + 1} is another than expected`;
    if (event[0] !== name)
      return this.#fail(wrong, [`expected ${eventText(name, data)}`, `was      ${eventText(event[0], event[2])}`], event, [name, data]);
    const check = this.#scene.eventCheck(name);
    const expected = this.#expectable(`the data expected of event ${index + 1}, ${name},`, () => check(data));
    const found = differences(check(event[2]), expected, shownDifferences);
    if (found.length > 0)
      return this.#fail(`event ${index + 1}, ${name}, has other data than expected`, differenceLines(found), event[2], data);
    this.#consumed += 1;
    return this;
  }

  replies(value?: unknown): void {
    this.#mustBeOpen();
    const { question } = this.#story;
    if (this.#outcome.kind === "rejection") {
      this.#fail(
        "it was rejected, and a reply was expected",
        [`expected reply ${valueText(value)}`, `was      ${answerText(this.#outcome)}`],
        this.#outcome.taken,
        value,
      );
    }
    const { checks } = this.#scene.operation(question?.name ?? "");
    const expected = this.#expectable("the expected reply", () => checks.reply(value));
    const found = differences(this.#outcome.taken, expected, shownDifferences);
    if (found.length > 0) this.#fail("the reply is another than expected", differenceLines(found), this.#outcome.taken, expected);
    this.#nothingMore();
    this.#state = "over";
  }

  rejects(name: string, details: unknown): void {
    this.#mustBeOpen();
    const outcome = this.#outcome;
    if (outcome.kind === "reply" || outcome.name !== name) {
      const lines = [`expected rejection ${name} ${valueText(details)}`, `was      ${answerText(outcome)}`];
      this.#fail(`it was ${outcome.kind === "reply" ? "not rejected" : "rejected otherwise"}`, lines, outcome.taken, details);
    }
    const found = differences(outcome.taken, details, shownDifferences);
    if (found.length > 0)
      this.#fail(`the rejection ${name} has other details than expected`, differenceLines(found), outcome.taken, details);
    this.#nothingMore();
    this.#state = "over";
  }

  #nothingMore(): void {
    const rest = this.#events.slice(this.#consumed);
    if (rest.length === 0) return;
    const lines = rest.map(([name, , data], i) => `event ${this.#consumed + i + 1}: ${eventText(name, data)}`);
    this.#fail(`it emitted ${rest.length === 1 ? "an event that was" : `${rest.length} events that were`} not expected`, lines, rest, []);
  }

  #mustBeOpen(): void {
    if (this.#state === "over") this.#fail("replies or rejects ends the sentence: nothing can be expected after it");
  }

  #unended(): string | undefined {
    if (this.#state === "over") return undefined;
    const rest = this.#events.slice(this.#consumed);
    if (this.#state === "open" && rest.length === 0) return undefined;
    const headline =
      this.#state === "begun"
        ? "nothing was expected: end the sentence with emits, replies or rejects, in the turn in which it began"
        : `${rest.length} more ${rest.length === 1 ? "event was" : "events were"} emitted than expected`;
    return report(this.#story, headline);
  }

  #expectable<T>(what: string, check: () => T): T {
    try {
      return check();
    } catch (cause) {
      return this.#fail(`${what} can never come: it does not match its schema`, [cause instanceof Error ? cause.message : String(cause)]);
    }
  }

  #fail(headline: string, lines: readonly string[] = [], actual?: unknown, expected?: unknown): never {
    this.#state = "over";
    throw new AssertionError({ message: report(this.#story, headline, lines), operator: "given", actual, expected });
  }
}
