// Serves the log that this process has open to the other nodes of its service, each over a link of its own. A link that comes
// before the log is open waits: whoever made it knows better when to give it up.
//
//  H1  one answer   Every request gets exactly one answer, unless the link is lost; requests are carried out side by side.
//  H2  bounded      Of each link: open requests, their characters, and the characters of what is read for it or waits for
//                   room. Whoever asks for more than the first two allow loses the link; the third only makes reads wait,
//                   never appends.
//  H3  hostile      What is malformed, out of range, too large or of another service costs the link, never more.
import { Deque } from "../../base/deque.ts";
import { JournalError } from "../../journal/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Link, LinkHandler } from "../../transport/index.ts";
import type { HostedLog } from "./hosted-log.ts";
import type { LogHostLimits } from "./limits.ts";
import { MalformedMessage } from "./reader.ts";
import { TextsIn, TextsOut } from "./texts.ts";
import { type Answer, answerText, type Arguments, errorText, forms, type Operation, readAsked, readGreeting, welcome } from "./wire.ts";

export interface JournalHostInit {
  readonly service: string;
  readonly runtime: Pick<Runtime, "logger">;
  readonly limits: LogHostLimits;
}

export class JournalHost {
  readonly #init: JournalHostInit;
  readonly #links = new Set<HostLink>();
  #log: HostedLog | undefined;
  #over: string | undefined;

  constructor(init: JournalHostInit) {
    this.#init = init;
  }

  /** For links that are for the log: the greeting is the first message that their handler takes. */
  readonly accept = (link: Link): LinkHandler => {
    const host: HostLink = new HostLink(link, this.#init, () => this.#links.delete(host));
    this.#links.add(host);
    if (this.#over !== undefined) host.close(this.#over);
    else if (link.peer.service !== this.#init.service) host.refuse(`the log of "${this.#init.service}" is not for "${link.peer.service}"`);
    else if (this.#log) host.serve(this.#log);
    return host;
  };

  /** The log is open: those who wait, and those who come, are served. */
  serve(log: HostedLog): void {
    this.#log = log;
    for (const link of this.#links) link.serve(log);
  }

  /** The log is going to be closed: what is open has no answer. Who comes then waits for the next one. */
  interrupt(why: string): void {
    this.#log = undefined;
    for (const link of this.#links) link.close(why);
  }

  /** Nobody is served any more. */
  close(why: string): void {
    this.#over = why;
    this.interrupt(why);
  }
}

/** A request that is open. */
interface Open {
  readonly n: number;
  readonly operation: Operation;
  readonly args: Arguments<Operation>;
  /** Characters that it holds, and those that its answer may have. */
  readonly chars: number;
  readonly weight: number;
}

class HostLink implements LinkHandler {
  readonly #link: Link;
  readonly #init: JournalHostInit;
  readonly #gone: () => void;
  readonly #in: TextsIn;
  readonly #out: TextsOut;
  readonly #reads = new Deque<Open>();
  #log: HostedLog | undefined;
  #greeted = false;
  #last = 0;
  #open = 0;
  #openChars = 0;
  /** Of the answers to what is being read. */
  #reading = 0;
  #lost = false;

  constructor(link: Link, init: JournalHostInit, gone: () => void) {
    this.#link = link;
    this.#init = init;
    this.#gone = gone;
    this.#in = new TextsIn(init.limits);
    this.#out = new TextsOut(link, init.limits);
  }

  serve(log: HostedLog): void {
    this.#log = log;
    if (this.#greeted) this.#out.send(welcome(log.meta));
  }

  close(why: string): void {
    this.#lost = true;
    this.#link.close(why);
  }

  refuse(why: string): void {
    this.#init.runtime.logger.log("warn", "log_host.refused", {
      node: this.#link.peer.node,
      service: this.#link.peer.service,
      reason: why,
    });
    this.close(why);
  }

  message(message: unknown): void {
    if (this.#lost) return;
    try {
      const arrived = this.#in.take(message);
      if (!arrived) return;
      if (this.#greeted) this.#request(arrived.value);
      else this.#greet(arrived.value);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.refuse(error.message);
    }
  }

  room(): void {
    this.#out.room();
    this.#readOn();
  }

  closed(): void {
    this.#lost = true;
    while (this.#reads.shift());
    this.#gone();
  }

  #greet(value: unknown): void {
    readGreeting(value);
    this.#greeted = true;
    if (this.#log) this.#out.send(welcome(this.#log.meta));
  }

  #request(value: unknown): void {
    const log = this.#log;
    if (!log) throw new MalformedMessage("nothing is asked before the log is open");
    const { limits } = this.#init;
    const { n, operation, given } = readAsked(value);
    if (n <= this.#last) throw new MalformedMessage(`request ${n} comes after ${this.#last}`);
    this.#last = n;
    const form = forms[operation];
    const { entriesMax, pageBytesMax } = limits;
    const args = form.takes(given, { entriesMax, pageBytesMax, partitions: log.meta.partitions });
    const weight = (form.weight as ((...of: readonly unknown[]) => number) | undefined)?.(...args) ?? 0;
    const chars = charsOf(args);
    if (this.#open >= limits.openMax) throw new MalformedMessage(`more than ${limits.openMax} requests are open`);
    if (this.#open > 0 && this.#openChars + chars > limits.openCharsMax)
      throw new MalformedMessage(`open requests have more than ${limits.openCharsMax} characters`);
    this.#open += 1;
    this.#openChars += chars;
    const open: Open = { n, operation, args, chars, weight };
    if (weight === 0) return this.#begin(log, open);
    this.#reads.push(open);
    this.#readOn();
  }

  /** As many reads as fit into what may be on its way to this link. */
  #readOn(): void {
    const { answersCharsMax } = this.#init.limits;
    const log = this.#log;
    if (!log) return;
    for (let next = this.#reads.peek(); next; next = this.#reads.peek()) {
      const held = this.#reading + this.#out.waitingChars;
      if (held > 0 && held + next.weight > answersCharsMax) return;
      this.#reads.shift();
      this.#reading += next.weight;
      this.#begin(log, next);
    }
  }

  #begin(log: HostedLog, open: Open): void {
    perform(log, open.operation, open.args).then(
      (value) => this.#answer(open, answerText(open.n, open.operation, value)),
      (error: unknown) => this.#answer(open, this.#errorText(open, error)),
    );
  }

  #answer(open: Open, answer: string): void {
    this.#open -= 1;
    this.#openChars -= open.chars;
    this.#reading -= open.weight;
    if (this.#lost) return;
    const { textCharsMax } = this.#init.limits;
    if (answer.length > textCharsMax)
      answer = errorText(open.n, "failed", `the answer has ${answer.length} characters of at most ${textCharsMax}`);
    this.#out.send(answer);
    this.#readOn();
  }

  #errorText({ n, operation }: Open, error: unknown): string {
    if (error instanceof JournalError) return errorText(n, error.kind, error.message);
    this.#init.runtime.logger.log("error", "log_host.failed", { operation, error });
    return errorText(n, forms[operation].writes ? "ambiguous" : "failed", "the journal threw");
  }
}

/** Of the texts that it holds: the rest is small beside its message. */
function charsOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  let chars = 0;
  for (const member of Object.values(value)) chars += charsOf(member);
  return chars;
}

function perform<O extends Operation>(log: HostedLog, operation: O, args: Arguments<O>): Promise<Answer<O>> {
  if (operation === "confirm") return confirmAll(log, ...(args as Arguments<"confirm">)) as Promise<Answer<O>>;
  const method = log[operation] as (...given: Arguments<O>) => Promise<Answer<O>>;
  return method.call(log, ...args);
}

function confirmAll(log: HostedLog, pairs: readonly number[]): Promise<readonly boolean[]> {
  const asked: (boolean | Promise<boolean>)[] = [];
  for (let i = 0; i < pairs.length; i += 2) asked.push(log.confirm(pairs[i] as number, pairs[i + 1] as number)); // all at once
  return Promise.all(asked.map((answer) => Promise.resolve(answer)));
}
