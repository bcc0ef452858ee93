// `run`, as the function of a saga sees it: the names of `Run` over a `Play`.
import { Failure } from "../base/failure.ts";
import { milliseconds, type Duration } from "../base/duration.ts";
import type { AnyOpRef } from "../contract/index.ts";
import { nameLengthMax } from "./limits.ts";
import type { AnySaga } from "./definition.ts";
import type { StepId } from "./event.ts";
import { stepPlan, type Request, type LooseOptions, type StepPlan } from "./request.ts";

/** What stands behind a run: a `Play`. */
interface Backing {
  readonly saga: AnySaga;
  readonly beginning: { readonly key: string; readonly caller: string };
  /** Of the newest entry the function was told, and how many those are. */
  readonly now: number;
  readonly told: number;
  readonly address: string;
  readonly random: () => number;
  count(kind: Request["kind"], name: string): StepId;
  ask(request: (settle: (value: unknown) => void) => Request): Promise<unknown>;
  waiting(name: string): { readonly input: unknown } | undefined;
  react(name: string, reaction: (input: unknown) => void): void;
  expire(until: number, otherwise: (() => never) | undefined): void;
  reject(name: string, details: unknown): never;
}

export function runView(play: Backing): unknown {
  const { key, caller } = play.beginning;
  return {
    key,
    caller,
    get version() {
      return play.told;
    },
    get now() {
      return play.now;
    },
    step(name: string, act: StepPlan["act"], options?: LooseOptions) {
      const id = play.count("step", checkedName(play, name));
      const plan = stepPlan(id, act, options);
      const { n } = id;
      return play.ask((settle) => ({ kind: "step", step: name, n, plan, since: play.now, settle }));
    },
    sleep(name: string, duration: Duration) {
      const id = play.count("sleep", checkedName(play, name));
      const until = play.now + milliseconds(duration);
      return play.ask((settle) => ({ kind: "sleep", ...id, until, since: play.now, settle }));
    },
    signal(command: AnyOpRef, { within }: { readonly within: Duration }) {
      const name = signalName(play, command);
      const id = play.count("signal", name);
      const until = play.now + milliseconds(within);
      const waiting = play.waiting(name);
      return waiting ? Promise.resolve(waiting) : play.ask((settle) => ({ kind: "signal", ...id, until, since: play.now, settle }));
    },
    on: (command: AnyOpRef, react: (input: unknown) => void) => play.react(signalName(play, command), react),
    deadline: (duration: Duration, otherwise?: () => never) => play.expire(play.now + milliseconds(duration), otherwise),
    reject: (name: string, details: unknown) => play.reject(name, details),
    random: () => play.random(),
  };
}

function checkedName(play: Backing, name: unknown): string {
  if (typeof name === "string" && name !== "" && name.length <= nameLengthMax && name.isWellFormed()) return name;
  const what = `the name of a step or sleep is a text of 1 to ${nameLengthMax} characters, not ${JSON.stringify(name)}`;
  throw new Failure("INVALID_DEFINITION", { what, at: play.address });
}

function signalName(play: Backing, command: AnyOpRef): string {
  const { contract, how } = play.saga;
  if (command.contract.$.name === contract.$.name && command.kind === "command" && command.name !== how.command.name) return command.name;
  const what = `${command.contract.$.name}.${command.name} is no signal of this saga: those are the other commands of its own contract`;
  throw new Failure("INVALID_DEFINITION", { what, at: play.address });
}
