// The caller outside: asks as the operator until it has an answer or its time is over, and keeps a history of what it
// sent and heard, which the laws hold against the log.
import { Failure, milliseconds, type At, type CallOptions, type Tell, type Told } from "@atoll/core";
import type { AnyContract, AnyOpRef } from "@atoll/core/contract";
import { type Attempt, BrokenLaw, type Heard } from "@atoll/core/journal/simulated";
import { TellBooks, type ToldCommand } from "@atoll/core/subscription";
import { type VirtualWorld, seededRandom } from "@atoll/core/runtime/virtual";
import { mintCommandId } from "./command-id.ts";
import type { LoggedRecords, Place } from "./logged.ts";
import type { Machine } from "./machine.ts";
import { inputText } from "./narrator.ts";
import type { Read, Witness } from "./stand-in.ts";
import type { Story } from "./story.ts";
import { shortText } from "./text.ts";
import { passing } from "./waiting.ts";
import type { Weather } from "./weather.ts";

export interface OperatorInit {
  /** Who asks: tells the streams of randomness of several operators apart. */
  readonly name: "operator" | "invariants";
  readonly story: Story | undefined;
  readonly world: VirtualWorld;
  readonly machine: Machine;
  readonly weather: Weather;
  readonly logged: LoggedRecords;
  readonly witness: Witness;
  /** Contracts that entities implement, and the service whose log their records are in. */
  readonly entities: ReadonlyMap<string, string>;
}

interface Call {
  readonly to: AnyOpRef;
  /** As the scenario gave it. */
  readonly key: unknown;
  readonly input: unknown;
  /** "" for a query. */
  readonly id: string;
  readonly options: CallOptions;
  /** `contract/key.operation id`, for people. */
  readonly name: string;
}

type Answered = Exclude<Heard, { readonly kind: "failure" }>;

const withinByDefault = "10s";
/** For one delivery of what is told (virtual ms). */
const tellWithinMs = 30_000;
/** Between two tries (virtual ms). */
const pauseMs = { min: 20, max: 300 } as const;

export class Operator {
  /** Deliveries of commands to entities, in the order in which they were sent. */
  readonly attempts: Attempt[] = [];
  /** Answers that broke a law as they came, and what went wrong without being a `Failure`. */
  readonly bugs: unknown[] = [];
  /** Calls, without repetitions, and how many of them got an answer. */
  asked = 0;
  answered = 0;
  /** Calls and deliveries that are still open. */
  waiting = 0;
  readonly #init: OperatorInit;
  readonly #random: ReturnType<typeof seededRandom>;
  /** By target: what was told it last. */
  readonly #lanes = new Map<string, Promise<void>>();

  constructor(init: OperatorInit) {
    this.#init = init;
    this.#random = seededRandom(init.world.seed, init.name);
  }

  get at(): At {
    const at = (contract: AnyContract, key?: unknown): object =>
      Object.fromEntries(
        Object.values(contract.$.operations).map((to) => [
          to.name,
          to.operation.in === undefined
            ? (options?: CallOptions) => this.#ask(to, key, undefined, options)
            : (input: unknown, options?: CallOptions) => this.#ask(to, key, input, options),
        ]),
      );
    return at as unknown as At;
  }

  get tell(): Tell {
    return new TellBooks().of((command) => this.#told(command));
  }

  #told({ to, key, input }: ToldCommand): Told {
    const target = addressOf({ to, key });
    const before = this.#lanes.get(target) ?? Promise.resolve();
    this.waiting += 1;
    const delivered = before
      .then(() => this.#ask(to, key, input, {}, Number.POSITIVE_INFINITY))
      .then(
        () => undefined,
        (error: unknown) => void this.bugs.push(error),
      )
      .finally(() => {
        this.waiting -= 1;
        if (this.#lanes.get(target) === delivered) this.#lanes.delete(target);
      });
    this.#lanes.set(target, delivered);
    return Object.assign(Promise.resolve(), { kind: "told" } as const);
  }

  async #ask(
    to: AnyOpRef,
    key: unknown,
    input: unknown,
    options: CallOptions = {},
    withinMs: number = milliseconds(options.within ?? withinByDefault),
  ): Promise<unknown> {
    const { world, weather } = this.#init;
    const endMs = world.timeMs + withinMs;
    const id = to.kind === "query" ? "" : (options.commandId ?? mintCommandId(world.outside.clock.now(), this.#random));
    const call: Call = { to, key, input, id, options, name: `${addressOf({ to, key })}.${to.name}${id === "" ? "" : ` ${id}`}` };
    const again = to.kind === "command" ? weather.duplicate() : undefined;
    this.asked += 1;
    this.waiting += 1;
    try {
      if (again === "at once") this.#repeat(call, 0);
      else if (typeof again === "object") this.#repeat(call, again.afterMs);
      const heard = await this.#insist(call, endMs);
      this.answered += 1;
      if (again === "after the answer") this.#repeat(call, 0);
      return dressed(to, heard);
    } finally {
      this.waiting -= 1;
    }
  }

  /** Delivers until there is an answer, or none can be hoped for. */
  async #insist(call: Call, endMs: number): Promise<Answered> {
    const { world } = this.#init;
    let mayHaveActed = false;
    for (;;) {
      const leftMs = endMs - world.timeMs;
      const heard = await this.#deliver(call, leftMs === Number.POSITIVE_INFINITY ? tellWithinMs : leftMs);
      if (heard.kind !== "failure") return heard;
      const { failure } = heard;
      mayHaveActed ||= call.to.kind === "command" && failure.outcome === "unknown";
      const waitMs = pauseMs.min + this.#random.next() * (pauseMs.max - pauseMs.min);
      if (failure.retry === "never" || call.options.signal?.aborted || world.timeMs + waitMs >= endMs) {
        throw mayHaveActed && failure.outcome === "not-delivered" ? unknownAfterAll(call, failure) : failure;
      }
      await passing(world, waitMs);
    }
  }

  /** Delivers once more, whatever comes of it. */
  #repeat(call: Call, afterMs: number): void {
    const { world, machine, weather } = this.#init;
    const deliver = async (): Promise<void> => {
      if (afterMs > 0) await passing(world, afterMs);
      if (machine.up) weather.duplicated(call.name);
      await this.#deliver(call, milliseconds(withinByDefault));
    };
    this.waiting += 1;
    void deliver()
      .catch((error: unknown) => this.bugs.push(error))
      .finally(() => {
        this.waiting -= 1;
      });
  }

  /** Rejects only with what is a bug. */
  async #deliver(call: Call, withinMs: number): Promise<Heard> {
    const { world, machine, story, name: who } = this.#init;
    const { to, name } = call;
    const told = story && `${addressOf(call)}.${to.name}${call.id === "" ? "" : ` ${story.name(call.id)}`}`;
    story?.tell(who, `asks ${told}${inputText(call.input)}`);
    const place = this.#placeOf(call);
    const delivery = place && this.#deliveryTo(place, call);
    let heard: Heard;
    try {
      heard = await machine.enter(async ({ at }) => {
        const answer = heardOf(to, await send(at, call, withinMs));
        delivery?.leaves(answer); // in the event in which the answer leaves the process, not when it has arrived
        return answer;
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      heard = { kind: "failure", failure: error };
      delivery?.fails(error);
    }
    story?.tell(who, `${told} ${heard.kind === "failure" ? "failed with" : "was answered"} ${heardText(heard)}`);
    world.note(`${name} ${call.input === undefined ? "" : `${shortText(call.input)} `}-> ${heardText(heard)}`);
    return heard;
  }

  /** Undefined if the call is not to an entity, or to none that can exist. */
  #placeOf({ to, key }: Call): Place | undefined {
    const type = to.contract.$.name;
    const service = this.#init.entities.get(type);
    if (service === undefined) return undefined;
    try {
      return { service, type, key: to.contract.$.checkKey(key) };
    } catch (error) {
      if (error instanceof Failure) return undefined; // the call is refused likewise
      throw error;
    }
  }

  #deliveryTo(place: Place, call: Call): { leaves(answer: Answered): void; fails(failure: Failure): void } {
    const { logged, world, witness } = this.#init;
    const { to, id } = call;
    if (to.kind === "command") {
      const index = this.attempts.length;
      const write = (heard: Attempt["heard"], loggedWhenHeard: boolean): void => {
        this.attempts[index] = { to, key: place.key, id, heard, loggedWhenHeard };
      };
      write(undefined, false);
      return { leaves: (answer) => write(answer, logged.has(place, id)), fails: (failure) => write({ kind: "failure", failure }, false) };
    }
    const fromStep = world.steps;
    const versionMin = call.options.read === "local" ? 0 : logged.version(place);
    const leaves = (answer: Answered): void => {
      const reads = witness.readsOf(place.type, place.key, to.name, fromStep).filter(({ given }) => isSame(to, given, answer));
      const versionMax = logged.version(place);
      if (reads.some(({ version }) => version >= versionMin && version <= versionMax)) return;
      const versions = reads.map(({ version }) => version).join(", ");
      const committed = `between ${versionMin} and ${versionMax}, which were committed when it was asked and when it was answered`;
      this.bugs.push(
        new BrokenLaw(
          "reads are committed and fresh",
          `${call.name} was answered from version ${versions || "?"}, which is not ${committed}`,
        ),
      );
    };
    return { leaves, fails: () => undefined };
  }
}

function addressOf({ to, key }: Pick<Call, "to" | "key">): string {
  const { name, keyed } = to.contract.$;
  return keyed ? `${name}/${String(key)}` : name;
}

/** Whether an answer may be what a query returned. Which rejection that was cannot be told from outside of the kernel. */
function isSame(to: AnyOpRef, given: Read["given"], answer: Answered): boolean {
  if (answer.kind === "rejection") return true;
  try {
    return JSON.stringify(to.checks.reply(given)) === JSON.stringify(answer.value);
  } catch {
    return false; // a rejection, or a reply that was refused
  }
}

type Send = (...given: readonly unknown[]) => Promise<unknown>;

function send(at: At, { to, key, input, id, options }: Call, withinMs: number): Promise<unknown> {
  const reference = (at as unknown as (contract: AnyContract, key: unknown) => { readonly [operation: string]: Send })(to.contract, key);
  const { within: _, commandId: __, ...others } = options;
  const sent = { ...others, within: `${Math.max(1, Math.ceil(withinMs))}ms`, ...(id === "" ? {} : { commandId: id }) };
  const given = to.operation.in === undefined ? [sent] : [input, sent];
  return (reference[to.name] as Send)(...given);
}

interface Union {
  readonly rejected: string | undefined;
  readonly reply: unknown;
  readonly details: unknown;
}

function heardOf({ operation }: AnyOpRef, answer: unknown): Answered {
  if (operation.rejects === undefined) return { kind: "reply", value: answer };
  const { rejected, reply, details } = answer as Union;
  return rejected === undefined ? { kind: "reply", value: reply } : { kind: "rejection", name: rejected, details };
}

function dressed({ operation }: AnyOpRef, heard: Answered): unknown {
  if (heard.kind === "rejection") return { rejected: heard.name, details: heard.details };
  return operation.rejects === undefined ? heard.value : { rejected: undefined, reply: heard.value };
}

function heardText(heard: Heard): string {
  if (heard.kind === "failure") return heard.failure.code;
  return heard.kind === "reply" ? shortText(heard.value) : `${heard.name} ${shortText(heard.details)}`;
}

/** The last delivery certainly did nothing; an earlier one may have. */
const unknownAfterAll = ({ name }: Call, cause: Failure): Failure =>
  new Failure("UNKNOWN_OUTCOME", {
    what: `an earlier delivery was not answered, and the last one failed with ${cause.code}`,
    at: name,
    cause,
  });
