// One run of a saga's function, from its beginning: told the entries of the journal one after the other, it asks for what
// comes next. It has no clock, no chance and no way out but its requests, so told the same it asks the same. It may ask
// only while it is being told (`listening`): whatever asks at another moment has waited for something that no journal can
// repeat.
import { unreachable } from "../base/assert.ts";
import { Failure } from "../base/failure.ts";
import { hash32 } from "../base/hash.ts";
import { prng } from "../base/prng.ts";
import type { AnySaga } from "./definition.ts";
import { idText, type Cause, type Entry, type StepId } from "./event.ts";
import { requestKey, type Request, type StepPlan } from "./request.ts";
import { runView } from "./run-view.ts";

/** How a function's run ends: the first of these. */
export type Ending =
  | { readonly kind: "reply"; readonly reply: unknown }
  | { readonly kind: "turn"; readonly cause: Cause }
  /** The definition did what none may do, or cannot go on. */
  | { readonly kind: "park"; readonly why: string };

/** Thrown through the function by `run.reject`: whoever catches it has caught nothing, the ending stands. */
class RunOver extends Error {
  override readonly name = "RunOver";
}

/** What of a saga's state its function sees. */
export interface Beginning {
  readonly key: string;
  readonly run: string;
  readonly input?: unknown;
  readonly caller: string;
  readonly startedAt: number;
}

export class Play {
  readonly saga: AnySaga;
  readonly beginning: Beginning;
  /** What the function waits for, in the order in which it asked. */
  readonly open = new Map<string, Request>();
  /** Every step it has asked for. */
  readonly steps = new Map<string, StepPlan>();
  /** Everything it asked for, each line with the number of entries it knew then: what a repetition is compared by. Undefined: there is none. */
  readonly script: string[] | undefined;
  readonly random: () => number;
  ending: Ending | undefined;
  /** Wall clock, ms. */
  deadline: number | undefined;
  /** Of the newest entry it was told. */
  now: number;
  told = 0;
  listening = false;
  readonly #changed: (request: Request | undefined) => void;
  readonly #counts = new Map<string, number>();
  /** Signals that nobody has asked for yet, by name, oldest first. */
  #signals: Map<string, unknown[]> | undefined;
  #reactions: Map<string, (input: unknown) => void> | undefined;
  #otherwise: (() => never) | undefined;

  /** `changed`: told of every request, and, with undefined, of the ending, as they come. `scripted`: it will be compared with a repetition. */
  constructor(saga: AnySaga, beginning: Beginning, scripted: boolean, changed: (request: Request | undefined) => void) {
    this.script = scripted ? [] : undefined;
    this.saga = saga;
    this.beginning = beginning;
    this.now = beginning.startedAt;
    this.random = prng(hash32(beginning.run));
    this.#changed = changed;
  }

  begin(): void {
    this.#guard(() => {
      const running = this.saga.how.run(runView(this), this.beginning.input);
      Promise.resolve(running).then(
        (reply) => this.end({ kind: "reply", reply }),
        (error: unknown) => this.#threw(error),
      );
    });
  }

  /** False if the function has not asked for what this tells it. */
  take(entry: Entry): boolean {
    this.told += 1;
    this.now = entry.at;
    switch (entry.kind) {
      case "Done":
        return this.#settle("step", entry, (request) => request.settle(entry.reply));
      case "Rejected":
        return this.#settle("step", entry, (request) => this.#rejected(request, entry.name, entry.details));
      case "Failed":
        return this.#settle("step", entry, () => this.end({ kind: "turn", cause: { kind: "failed", step: entry.step, what: entry.what } }));
      case "Woke":
        return this.#settle("sleep", entry, (request) => request.settle(undefined));
      case "TimedOut":
        return this.#settle("signal", entry, (request) => request.settle(undefined));
      case "Signalled":
        if (!this.ending) this.#signalled(entry.signal, entry.input);
        return true;
      case "Expired": {
        const due = this.deadline !== undefined;
        this.deadline = undefined;
        if (due && !this.ending && this.#otherwise) this.#guard(this.#otherwise);
        if (due) this.end({ kind: "turn", cause: { kind: "deadline" } });
        return due;
      }
      case "Abandoned":
        this.end({ kind: "turn", cause: { kind: "abandoned", why: entry.why } });
        return true;
      default:
        return unreachable(entry, "what a function is told");
    }
  }

  /** The first ending stands. From here on the function is told nothing and may ask for nothing. */
  end(ending: Ending): void {
    if (this.ending) return;
    const stray = !this.listening && ending.kind !== "park";
    this.ending = stray ? { kind: "park", why: strayed("came to its end") } : ending;
    this.script?.push(`${this.told} ${JSON.stringify(this.ending)}`);
    this.#changed(undefined);
  }

  /** Another ending in the place of the one it came to. */
  amend(ending: Ending): void {
    this.ending = ending;
  }

  // ── the function's side: run-view.ts ────────────────────────────────────────────────────────────────────────────

  /** How often the name has come, this time included. */
  count(kind: Request["kind"], name: string): StepId {
    const key = `${kind} ${name}`;
    const n = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, n);
    return { step: name, n };
  }

  /** Settles when the journal says so; never, once the run has ended. */
  ask(request: (settle: (value: unknown) => void) => Request): Promise<unknown> {
    return new Promise((settle) => {
      const asked = request(settle);
      if (!this.#mayAsk(`asked for ${asked.kind} "${asked.step}"`)) return;
      const key = requestKey(asked.kind, asked);
      this.script?.push(`${this.told} ${key}`);
      this.open.set(key, asked);
      if (asked.kind === "step") this.steps.set(idText(asked), asked.plan);
      this.#changed(asked);
    });
  }

  /** The oldest signal of this name that nobody has asked for. */
  waiting(name: string): { readonly input: unknown } | undefined {
    if (!this.#mayAsk(`asked for signal "${name}"`)) return undefined;
    const waiting = this.#signals?.get(name);
    return waiting && waiting.length > 0 ? { input: waiting.shift() } : undefined;
  }

  react(name: string, reaction: (input: unknown) => void): void {
    if (!this.#mayAsk(`asked to hear of signal "${name}"`)) return;
    (this.#reactions ??= new Map()).set(name, reaction);
    for (const input of this.#signals?.get(name)?.splice(0) ?? []) reaction(input);
  }

  expire(until: number, otherwise: (() => never) | undefined): void {
    if (!this.#mayAsk("set a deadline")) return;
    if (this.deadline !== undefined) throw new Failure("INVALID_DEFINITION", { what: "a saga has one deadline", at: this.address });
    this.deadline = until;
    this.#otherwise = otherwise;
    this.script?.push(`${this.told} deadline`);
  }

  reject(name: string, details: unknown): never {
    this.end({ kind: "turn", cause: { kind: "rejection", name, details } });
    throw new RunOver(`the saga has ended with rejection "${name}"; nothing after \`run.reject\` has any effect`);
  }

  get address(): string {
    return `${this.saga.contract.$.name}/${this.beginning.key}`;
  }

  #mayAsk(what: string): boolean {
    if (this.ending) return false;
    if (this.listening) return true;
    this.end({ kind: "park", why: strayed(what) });
    return false;
  }

  #settle(kind: Request["kind"], id: StepId, act: (request: Request) => void): boolean {
    const key = requestKey(kind, id);
    const request = this.open.get(key);
    if (!request) return false;
    this.open.delete(key);
    if (!this.ending) act(request);
    return true;
  }

  #rejected(request: Request, name: string, details: unknown): void {
    const answer = request.kind === "step" ? request.plan.rejected[name] : undefined;
    if (answer) {
      this.#guard(() => {
        const value = answer(details);
        if (!this.ending) request.settle(value);
      });
    } else if (Object.hasOwn(this.saga.how.command.operation.rejects ?? {}, name)) {
      this.end({ kind: "turn", cause: { kind: "rejection", name, details } });
    } else {
      this.end({ kind: "park", why: `step "${request.step}" was rejected with ${name}, which the saga neither declares nor answers` });
    }
  }

  #signalled(name: string, input: unknown): void {
    const reaction = this.#reactions?.get(name);
    if (reaction) return this.#guard(() => reaction(input));
    for (const [key, request] of this.open) {
      if (request.kind !== "signal" || request.step !== name) continue;
      this.open.delete(key);
      request.settle({ input });
      return;
    }
    const waiting = this.#signals?.get(name);
    if (waiting) waiting.push(input);
    else (this.#signals ??= new Map()).set(name, [input]);
  }

  #threw(error: unknown): void {
    if (error instanceof RunOver) return;
    this.end({ kind: "park", why: `its definition threw: ${error instanceof Error ? error.message : String(error)}` });
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#threw(error);
    }
  }
}

const strayed = (what: string): string =>
  `its definition ${what} after waiting for something that is neither step, sleep nor signal, and that no replay can repeat`;
