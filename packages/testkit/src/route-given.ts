// given / when / then for routes: a request, the operation that it calls, what that comes to, and the response, as one sentence
// which a test awaits. Routes are told of as their gateway serves them, so that paths, bodies and problems are the real ones.
//
//   await given(gateway(cartRoutes)).when("DELETE /carts/c1/items/socks").calls(Cart.remove, "c1", { itemId: "socks" }).responds(202);
import { AssertionError } from "node:assert";
import { Failure, type FailureCode, type System } from "@atoll/core";
import type { AnyOpRef, Given, In, Json, OpRef, Rejects, ReplyGiven, Schema } from "@atoll/core/contract";
import type { Gateway } from "@atoll/core/edge";
import { differences } from "./difference.ts";
import { differenceLines, row, valueText } from "./report.ts";
import { respondTo, type Called, type ComesTo, type Responded } from "./route-stage.ts";
import { mustEnd } from "./unended.ts";

type Input<O> = In<O> extends Schema ? [input: Given<In<O>>] : [];
type Address<D> = D extends { readonly key: infer S } ? [key: Given<S>] : [];

export interface RequestTold {
  /** Sent as JSON. */
  readonly body?: Json;
  readonly headers?: { readonly [name: string]: string };
}

/** A gateway that nobody has asked anything. */
export interface Listening {
  /** `r.id` of a request that brings no Idempotency-Key; zeros at first. */
  under(circumstances: { readonly id: string }): Listening;
  /** A method and a target, "POST /carts/c1/items?draft=true"; then say what it calls, and how it is answered. */
  when(request: `${string} /${string}`, told?: RequestTold): Requested;
}

export interface ResponseTold {
  /** Compared as a whole; of a problem document, only the members that are named. Without it there must be none, or a problem document. */
  readonly body?: Json;
  /** Those that are named are compared. */
  readonly headers?: { readonly [name: string]: string };
}

export interface Requested {
  /** The next call of the gateway: whom, and with what, compared in the form in which its receiver takes it. */
  calls<D, O, K extends "command" | "query">(to: OpRef<D, O, K>, ...asked: [...Address<D>, ...Input<O>]): Calling<O>;
  /** Ends the sentence, and says that nothing else was called. */
  responds(status: number, told?: ResponseTold): Promise<void>;
}

/** What the call comes to; one without a reply comes to that unless something else is said. */
export interface Calling<O> extends Requested {
  replies(value: ReplyGiven<O>): Requested;
  rejects<K extends keyof Rejects<O>>(name: K, details: Rejects<O>[K]): Requested;
  /** With a failure of the system, by its code. */
  fails(code: FailureCode): Requested;
}

interface CallTold {
  readonly to: AnyOpRef;
  readonly key: string;
  readonly input: unknown;
  readonly comesTo: ComesTo | undefined;
}

interface Sentence {
  readonly gateway: Gateway;
  readonly id: string;
  /** "METHOD /target". */
  readonly request: string;
  readonly told: RequestTold;
  readonly calls: readonly CallTold[];
}

const shownDifferences = 10;

export function listening(edge: System | Gateway, id = "0".repeat(32)): Listening {
  const gateway = edge.kind === "system" ? edge.gateway : edge;
  if (!gateway) throw new AssertionError({ message: "the system has no gateway: nobody can send it a request", operator: "given" });
  return {
    under: (circumstances) => listening(gateway, circumstances.id),
    when: (request, told = {}) => new RequestSentence({ gateway, id, request, told, calls: [] }) as unknown as Requested,
  };
}

class RequestSentence {
  readonly #sentence: Sentence;
  /** It was continued, or ended, or has failed. */
  #goesOn = false;

  constructor(sentence: Sentence) {
    this.#sentence = sentence;
    mustEnd(RequestSentence, () =>
      this.#goesOn ? undefined : message(sentence, "nothing was expected: end the sentence with responds, in the turn in which it began"),
    );
  }

  calls(to: AnyOpRef, ...asked: readonly unknown[]): RequestSentence {
    const { keyed } = to.contract.$;
    const [key, input] = keyed ? asked : [undefined, ...asked];
    const call = this.#checked("the call that is expected can never come", () => ({
      to,
      key: to.contract.$.checkKey(key),
      input: to.checks.input(input),
      comesTo: undefined,
    }));
    return this.#next([...this.#sentence.calls, call]);
  }

  replies(value: unknown): RequestSentence {
    return this.#comesTo(({ checks }) => ({ kind: "reply", given: value, value: checks.reply(value), replayed: false }));
  }

  rejects(name: string, details: unknown): RequestSentence {
    return this.#comesTo(({ checks }) => ({
      kind: "rejection",
      name,
      given: details,
      details: checks.rejection(name, details),
      replayed: false,
    }));
  }

  fails(code: FailureCode): RequestSentence {
    return this.#comesTo(() => new Failure(code, { what: "the test says so" }));
  }

  async responds(status: number, { body, headers = {} }: ResponseTold = {}): Promise<void> {
    this.#goesOn = true;
    const responded = await this.#send();
    const again = await this.#send();
    const twice = differences(shownOf(again), shownOf(responded), shownDifferences);
    if (twice.length > 0) this.#fail("it is not pure: the same request led to something else", differenceLines(twice), responded);
    const { calls } = this.#sentence;
    const called = differences(responded.calls.map(callText), calls.map(callText), shownDifferences);
    if (called.length > 0) this.#fail("it calls something else than expected", differenceLines(called), responded);
    if (responded.status !== status)
      this.#fail("it responds with another status than expected", [`expected ${status}, was ${responded.status}`], responded);
    const wrong = differences(...compared(responded, body), shownDifferences);
    if (wrong.length > 0) this.#fail("it responds with another body than expected", differenceLines(wrong), responded);
    for (const [name, value] of Object.entries(headers)) {
      const was = responded.headers.get(name);
      if (was !== value)
        this.#fail(`it responds with another ${name} than expected`, [`expected ${value}, was ${was ?? "nothing"}`], responded);
    }
  }

  #send(): Promise<Responded> {
    const { gateway, id, calls } = this.#sentence;
    const comesTo = (call: Called, n: number): ComesTo => {
      const told = calls[n];
      const { to } = call;
      if (!told) throw new Failure("INVALID_REPLY", { what: `it calls ${callText(call)}, and no such call was expected` });
      if (told.to !== to) throw new Failure("INVALID_REPLY", { what: `it calls ${callText(call)}, and ${callText(told)} was expected` });
      if (told.comesTo) return told.comesTo;
      if (to.operation.out === undefined) return { kind: "reply", given: undefined, value: undefined, replayed: false };
      throw new Failure("INVALID_REPLY", {
        what: `${to.contract.$.name}.${to.name} needs a reply: say it with .replies(…) behind .calls(…)`,
      });
    };
    return respondTo(gateway, { request: requestOf(this.#sentence), comesTo, id }).catch((error: unknown) =>
      this.#fail(error instanceof Error ? error.message : String(error)),
    );
  }

  #comesTo(answer: (to: AnyOpRef) => ComesTo): RequestSentence {
    const { calls } = this.#sentence;
    const last = calls.at(-1);
    if (!last) return this.#fail("say with calls(…) what is called before what it comes to");
    const comesTo = this.#checked("what the call comes to can never come", () => answer(last.to));
    return this.#next([...calls.slice(0, -1), { ...last, comesTo }]);
  }

  #next(calls: readonly CallTold[]): RequestSentence {
    this.#goesOn = true;
    return new RequestSentence({ ...this.#sentence, calls });
  }

  #checked<T>(headline: string, check: () => T): T {
    try {
      return check();
    } catch (error) {
      return this.#fail(headline, [error instanceof Error ? error.message : String(error)]);
    }
  }

  #fail(headline: string, lines: readonly string[] = [], responded?: Responded): never {
    this.#goesOn = true;
    throw new AssertionError({ message: message(this.#sentence, headline, lines, responded), operator: "given" });
  }
}

function requestOf({ request, told: { body, headers } }: Sentence): Request {
  const space = request.indexOf(" ");
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
  return new Request(`http://given${request.slice(space + 1)}`, {
    method: request.slice(0, space),
    ...(headers ? { headers } : {}),
    ...sent,
  });
}

const bodyOf = ({ body }: Responded): unknown => {
  try {
    return body === "" ? undefined : JSON.parse(body);
  } catch {
    return body; // text
  }
};

/** What was, and what was to be: of a problem document no more than was named. */
function compared(responded: Responded, expected: Json | undefined): readonly [actual: unknown, expected: unknown] {
  const actual = bodyOf(responded);
  if (responded.headers.get("content-type") !== "application/problem+json") return [actual, expected];
  const named = Object.keys((expected ?? {}) as object);
  return [Object.fromEntries(named.map((name) => [name, (actual as { readonly [member: string]: unknown })[name]])), expected ?? {}];
}

const callText = ({ to, key, input }: Pick<Called, "to" | "key" | "input">): string => {
  const { name, keyed } = to.contract.$;
  return `${name}${keyed ? `/${key}` : ""}.${to.name}${input === undefined ? "" : ` ${valueText(input)}`}`;
};

const shownOf = (responded: Responded): unknown => ({
  calls: responded.calls.map((call) => [callText(call), call.commandId]),
  status: responded.status,
  body: bodyOf(responded),
});

function message({ request, told }: Sentence, headline: string, lines: readonly string[] = [], responded?: Responded): string {
  const called = responded?.calls.map((call) =>
    row("called", `${callText(call)}${call.commandId === "" ? "" : ` as command ${call.commandId}`}`),
  );
  return [
    `${request}: ${headline}`,
    ...lines.map((line) => `  ${line}`),
    ...(told.body === undefined ? [] : [row("sent", valueText(told.body))]),
    ...(called?.length === 0 ? [row("called", "nothing")] : (called ?? [])),
    ...(responded ? [row("responded", `${responded.status}${responded.body === "" ? "" : ` ${valueText(bodyOf(responded))}`}`)] : []),
  ].join("\n");
}
