// The life of one saga in memory, without any I/O: it plays the function, decides what leaves when and what is written, and,
// where the function does not reach its end, what is undone. Whoever drives it (a `Stage`) journals, asks and waits.
//
//  S1  same id      A step is asked under RUN/STEP/N, its undo under RUN/STEP/N.undo, each minted at a time that the
//                   journal gives again: however often they are asked, their targets apply them once.
//  S2  durable      A step, an undo or an answer leaves when everything that its function was told before is on disk.
//  S3  same order   The function is told things one at a time, in the order of the journal, each when it has come to rest
//                   after the one before; told again from the beginning it comes to the same place. Where it does not,
//                   the saga is parked.
//  S4  undo         When a saga turns, what was done or may have been is undone, newest first, one after the other, once
//                   nothing of it is under way. What cannot be undone becomes an apology.
//  S5  one ending   The first of return, rejection, failed step, deadline, abandonment decides; nothing new is asked after.
//  S6  an end       A saga ends, or waits for a time or a signal, or is parked where an operator sees it.
import { Deque } from "../base/deque.ts";
import type { Failure } from "../base/failure.ts";
import { frozenCopy } from "../contract/index.ts";
import type { AnySaga } from "./definition.ts";
import { idText, isEntry, type Entry, type SagaEvent } from "./event.ts";
import { Gate } from "./gate.ts";
import { entriesMax, retryForMs } from "./limits.ts";
import { Play, type Beginning, type Ending } from "./play.ts";
import { repeat } from "./repetition.ts";
import type { Request, StepPlan } from "./request.ts";
import { evolve, type SagaState } from "./state.ts";
import type { Ask, Asked, Outside, Stage } from "./stage.ts";
import { lostSteps, nextUndo } from "./undo.ts";

type Input =
  | { readonly kind: "asked"; readonly ask: Ask; readonly asked: Asked }
  | { readonly kind: "outside"; readonly outside: Outside }
  | { readonly kind: "clock" };

export interface MachineInit {
  readonly saga: AnySaga;
  readonly key: string;
  /** Started; neither ended nor parked. */
  readonly state: SagaState;
  /** It has just been started: nothing of it can have been asked before. */
  readonly fresh: boolean;
  readonly stage: Stage;
  /** Who owes this saga's apologies. */
  readonly owner: string;
  /** Play every run a second time before it ends, and see that it asks the same. */
  readonly rehearse: boolean;
}

export class SagaMachine {
  readonly #init: MachineInit;
  readonly #stage: Stage;
  readonly #play: Play;
  readonly #inputs = new Deque<Input>();
  readonly #gate: Gate;
  #state: SagaState;
  /**
   * "replaying": the function is told what the journal holds, nothing leaves. "closing": it has ended, and what is under way comes in.
   * "over": all is decided.
   */
  #mode: "replaying" | "forward" | "closing" | "undoing" | "over" = "replaying";
  /** The function is being told something, and has not come to rest. */
  #telling = false;
  /** An outside event is being written; nothing else is told until it is. */
  #submitting = false;
  /** The run is being played a second time. */
  #rehearsing = false;

  constructor(init: MachineInit) {
    this.#init = init;
    this.#stage = init.stage;
    this.#gate = new Gate(init.stage);
    this.#state = init.state;
    this.#play = new Play(init.saga, beginningOf(init), init.rehearse, (request) => this.#changed(request));
  }

  /** Brings the function to where the journal says it is, then goes on. Once. */
  begin(): void {
    this.#tell(() => this.#play.begin());
  }

  get state(): SagaState {
    return this.#state;
  }

  // ── what the stage says ─────────────────────────────────────────────────────────────────────────────────────────

  /** What an ask came to. */
  asked(ask: Ask, asked: Asked): void {
    this.#inputs.push({ kind: "asked", ask, asked });
    this.#next();
  }

  /** Something from outside that belongs into the journal: in its turn, `Stage.submit` gets it back. */
  outside(outside: Outside): void {
    this.#inputs.push({ kind: "outside", outside });
    this.#next();
  }

  /** The outside event is on disk, or, if undefined, will not be. */
  submitted(event: SagaEvent | undefined): void {
    this.#submitting = false;
    if (event) {
      this.#apply(event);
      if (event.kind === "Abandoned") this.#hurry();
    }
    this.#next();
  }

  /** Time has passed: what is due is looked for. */
  clock(): void {
    this.#inputs.push({ kind: "clock" });
    this.#next();
  }

  /** What was last given to `Stage.record` is on disk. */
  recorded(): void {
    this.#gate.recorded();
    this.#next();
  }

  // ── telling the function ────────────────────────────────────────────────────────────────────────────────────────

  #next(): void {
    if (this.#telling || this.#submitting || this.#mode === "replaying") return;
    const input = this.#inputs.peek();
    if (!input) return this.#rest();
    if (input.kind === "outside") {
      this.#gate.open();
      if (!this.#gate.durable) return; // what it comes after is written first
      this.#inputs.shift();
      this.#submitting = true;
      this.#stage.submit(input.outside);
      return;
    }
    this.#inputs.shift();
    if (input.kind === "asked") this.#answered(input.ask, input.asked);
    else this.#clock();
    this.#next();
  }

  /** Tells the function something; what comes next is told when it has come to rest. */
  #tell(act: () => void): void {
    this.#telling = true;
    this.#play.listening = true;
    act();
    this.#stage.afterwards(() => {
      this.#telling = false;
      this.#play.listening = false;
      if (this.#mode === "replaying") return this.#replay();
      if (!this.#rehearsing) this.#gate.open(); // what a rehearsal comes to is written with what led to it
      this.#next();
    });
  }

  #apply(event: SagaEvent): void {
    this.#state = evolve(this.#state, event, this.#state.caller);
    if (isEntry(event)) this.#tell(() => void this.#play.take(event));
  }

  /** Decides an event: told now, written soon. */
  #decide(event: SagaEvent): void {
    this.#gate.decide(event);
    this.#apply(event);
  }

  #replay(): void {
    const entry = this.#init.state.entries[this.#play.told];
    if (!entry) return this.#live();
    this.#tell(() => {
      const ending = this.#play.ending?.kind;
      if (this.#play.take(entry) || ending === "park" || this.#abandoned) return;
      const id = "step" in entry ? ` of ${idText(entry)}` : "";
      const why = `its journal holds ${entry.kind}${id}, which its definition does not ask for there: it was changed, or is not deterministic`;
      this.#play.amend({ kind: "park", why });
    });
  }

  #live(): void {
    const play = this.#play;
    const abandoned = this.#abandoned;
    if (abandoned && play.ending?.kind !== "turn") play.amend({ kind: "turn", cause: { kind: "abandoned", why: abandoned.why } });
    this.#mode = "forward";
    if (play.ending?.kind === "park") {
      this.#close(play.ending);
    } else if (this.#state.cause) {
      this.#mode = "undoing";
      this.#undo();
    } else {
      this.#goOn();
    }
    this.#next();
  }

  #goOn(): void {
    const { ending, open } = this.#play;
    const steps = [...open.values()].filter((request) => request.kind === "step");
    if (ending?.kind === "turn" && ending.cause.kind === "abandoned") {
      // What may have been asked for before is not asked again: it counts as done.
      this.#mode = "closing";
      for (const { step, n } of steps) this.#decide({ kind: "Failed", at: this.#stage.now(), step, n, what: "the saga was abandoned" });
      this.#finish();
      return;
    }
    // What may have been asked for before is asked again, also by a saga that turns: only then is it known.
    for (const request of steps) this.#hold(request, !this.#init.fresh);
    this.#gate.open();
    if (ending) this.#close(ending);
    else this.#inputs.unshift({ kind: "clock" });
  }

  get #abandoned(): Extract<Entry, { readonly kind: "Abandoned" }> | undefined {
    return this.#state.entries.find((entry) => entry.kind === "Abandoned");
  }

  // ── going forward ───────────────────────────────────────────────────────────────────────────────────────────────

  /** The function has asked for something, or has ended. */
  #changed(request: Request | undefined): void {
    if (this.#mode !== "forward") return;
    if (request) this.#hold(request, false);
    else if (this.#play.ending) this.#close(this.#play.ending);
    if (!this.#rehearsing) this.#gate.open();
  }

  #hold(request: Request, repeated: boolean): void {
    if (request.kind !== "step") return;
    const { plan, since } = request;
    this.#gate.hold(this.#askOf("do", plan, since, plan.act, plan.retry?.forMs ?? retryForMs, repeated));
  }

  #askOf(kind: Ask["kind"], plan: StepPlan, minted: number, act: Ask["act"], forMs: number, repeated: boolean): Ask {
    const { step, n, retry, withinMs } = plan;
    const id = `${this.#state.run}/${idText(plan)}${kind === "undo" ? ".undo" : ""}`;
    return { kind, step, n, id, minted, act, repeated, retryForMs: forMs, retryEveryMs: retry?.everyMs, withinMs };
  }

  #answered(ask: Ask, asked: Asked): void {
    this.#gate.asks.delete(ask.id);
    const { step, n } = ask;
    const at = this.#stage.now();
    const wrong = asked.kind === "defect" ? messageOf(asked.error) : asked.kind === "failure" ? asked.failure.message : undefined;
    if (ask.kind === "undo") {
      if (asked.kind === "reply") this.#decide({ kind: "Undone", at, step, n });
      else this.#apologise(ask, wrong ?? `it was rejected with ${"name" in asked ? asked.name : ""}`);
      return this.#undo();
    }
    if (asked.kind === "reply") this.#decide({ kind: "Done", at, step, n, ...(asked.reply === undefined ? {} : { reply: asked.reply }) });
    else if (asked.kind === "rejection") this.#decide({ kind: "Rejected", at, step, n, name: asked.name, details: asked.details });
    else if (this.#play.ending?.kind === "turn" || (asked.kind === "failure" && isGivenUp(asked)))
      this.#decide({ kind: "Failed", at, step, n, what: wrong ?? "", ...(certainlyNot(ask, asked) ? { never: true } : {}) });
    else this.#play.end({ kind: "park", why: `step "${step}" cannot be carried out: ${wrong}` });
    if (this.#state.entries.length >= entriesMax)
      this.#play.end({ kind: "park", why: `its journal has ${entriesMax} entries, more than one saga may have` });
    this.#finish();
  }

  /** Tells the function of the first thing that is due. */
  #clock(): void {
    const now = this.#stage.now();
    const due = this.#nextDue();
    if (this.#mode !== "forward" || due === undefined || due > now) return;
    this.#inputs.unshift({ kind: "clock" }); // there may be more
    for (const request of this.#play.open.values()) {
      if (request.kind === "step" || request.until !== due) continue;
      const { step, n } = request;
      return this.#decide({ kind: request.kind === "sleep" ? "Woke" : "TimedOut", at: now, step, n });
    }
    this.#decide({ kind: "Expired", at: now });
  }

  #nextDue(): number | undefined {
    let due = this.#play.deadline;
    for (const request of this.#play.open.values())
      if (request.kind !== "step" && (due === undefined || request.until < due)) due = request.until;
    return due;
  }

  /** Nothing is to be told. */
  #rest(): void {
    if (this.#mode === "forward") {
      const due = this.#nextDue();
      const waits = [...this.#play.open.values()].some(({ kind }) => kind !== "step");
      if (this.#gate.asking) this.#stage.wakeAt(due);
      else if (waits && due !== undefined) this.#suspend(due);
      else this.#play.end({ kind: "park", why: "its definition waits for something that is neither step, sleep nor signal" });
    }
    if (this.#rehearsing) return;
    this.#gate.open();
    const busy = !this.#gate.durable || this.#gate.asking;
    if (!busy && (this.#mode === "over" || this.#mode === "forward")) this.#stage.idle();
  }

  #suspend(until: number): void {
    if (this.#state.phase === "suspended" && this.#state.wakeAt === until) return;
    this.#decide({ kind: "Suspended", at: this.#stage.now(), until });
  }

  // ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #close(ending: Ending): void {
    this.#mode = "closing";
    this.#gate.close(); // nothing new is asked (S5)
    this.#stage.wakeAt(undefined);
    const underWay = ending.kind === "reply" && [...this.#play.open.values()].find(({ kind }) => kind === "step");
    if (underWay)
      this.#play.amend({
        kind: "park",
        why: `its definition returned while step "${underWay.step}" was under way: it must await each step`,
      });
    if (ending.kind === "turn") this.#hurry();
    this.#finish();
  }

  #hurry(): void {
    for (const ask of this.#gate.asks.values()) this.#stage.hurry(ask);
  }

  /** Once nothing is under way any more. */
  #finish(): void {
    const { ending } = this.#play;
    if (this.#mode !== "closing" || !ending || this.#gate.asks.size > 0 || this.#rehearsing) return;
    if (!this.#init.rehearse || ending.kind === "park" || this.#abandoned) return this.#conclude(ending);
    this.#rehearsing = true;
    repeat(this.#play, this.#state.entries, this.#stage, (difference) => {
      this.#rehearsing = false;
      this.#conclude(difference === undefined ? ending : { kind: "park", why: difference });
      this.#next();
    });
  }

  #conclude(ending: Ending): void {
    const { checks } = this.#init.saga.how.command;
    const at = this.#stage.now();
    let last: SagaEvent;
    try {
      if (ending.kind === "park") {
        last = { kind: "Parked", at, why: ending.why };
      } else if (ending.kind === "reply") {
        checks.reply(ending.reply);
        last = { kind: "Ended", at, ...(ending.reply === undefined ? {} : { reply: frozenCopy(ending.reply) }) };
      } else {
        const { cause } = ending;
        if (cause.kind === "rejection") checks.rejection(cause.name, cause.details);
        last = { kind: "Turned", at, cause: cause.kind === "rejection" ? { ...cause, details: frozenCopy(cause.details) } : cause };
      }
    } catch (error) {
      last = { kind: "Parked", at, why: messageOf(error) };
    }
    this.#mode = last.kind === "Turned" ? "undoing" : "over";
    this.#decide(last);
    if (last.kind === "Turned") this.#undo();
    this.#gate.open();
  }

  /** The next undo, or the end (S4). */
  #undo(): void {
    const abandoned = this.#abandoned !== undefined;
    if (abandoned)
      for (const id of lostSteps(this.#state, this.#play.steps))
        this.#apologise(id, "its definition, as it is now, does not know how to undo it");
    const undo = nextUndo(this.#state, this.#play.steps);
    if (undo) {
      const { plan, reply, minted } = undo;
      const forMs = abandoned ? 0 : (plan.retry?.forMs ?? retryForMs);
      this.#gate.hold(this.#askOf("undo", plan, minted, async (at) => plan.undo?.(at, reply), forMs, false));
    } else {
      this.#mode = "over";
      this.#decide({ kind: "Ended", at: this.#stage.now() });
    }
    this.#gate.open();
  }

  #apologise({ step, n }: { readonly step: string; readonly n: number }, why: string): void {
    const at = this.#stage.now();
    const { owner, saga } = this.#init;
    this.#decide({ kind: "Apologised", at, step, n, why, owner, due: at + saga.how.apologyMs });
  }
}

/** Not a copy of the state, which the saga outgrows with its first entry. */
function beginningOf({ key, state: { run, input, caller, startedAt } }: MachineInit): Beginning {
  return { key, run, ...(input === undefined ? {} : { input }), caller, startedAt };
}

/** Refused in every try of this life, and there was none in another. */
const certainlyNot = ({ repeated }: Ask, asked: Asked): boolean => !repeated && asked.kind === "failure" && !asked.acted;
/** It could be tried no longer, or may have taken place: nothing that an operator could mend. */
const isGivenUp = ({ failure, acted }: { readonly failure: Failure; readonly acted: boolean }): boolean =>
  failure.retry !== "never" || acted;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
