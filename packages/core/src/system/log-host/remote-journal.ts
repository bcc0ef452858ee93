// The log of a service as a node sees it that does not have its file open: over one link to the node that does. It lives as
// long as the link. All laws of the journal hold; what the loss of the link makes of what is open is said by `HostLost`.
import { Deque } from "../../base/deque.ts";
import { Numbered } from "../../base/numbered.ts";
import { type Appended, JournalError, type JournalMeta, type Row } from "../../journal/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Address, Link, LinkHandler, LinkLoss, Transport } from "../../transport/index.ts";
import { AskedJournal, type JournalOperation } from "./asked-journal.ts";
import type { LogHostLimits } from "./limits.ts";
import { MalformedMessage } from "./reader.ts";
import { TextsIn, TextsOut } from "./texts.ts";
import { type Answer, type Arguments, forms, greeting, type Operation, readAnswered, readWelcome, requestText } from "./wire.ts";

/** The link is no more. Ambiguous of what may have changed the log (J6), unless it certainly was not asked. */
export class HostLost extends JournalError {
  /** Whether the host may have been asked. */
  readonly asked: boolean;

  constructor(operation: Operation, asked: boolean, why: string) {
    super(asked && forms[operation].writes ? "ambiguous" : "failed", `${operation}: the link to the log's host was lost: ${why}`);
    this.asked = asked;
  }
}

export interface RemoteJournalInit {
  readonly transport: Transport;
  readonly address: Address;
  readonly runtime: Pick<Runtime, "scheduler" | "logger">;
  readonly limits: LogHostLimits;
  /** Gives up, also while the host does not have the log open yet. */
  readonly signal: AbortSignal;
  /** The link is lost; everything that was open has been told. */
  readonly lost: (why: string) => void;
}

interface Request {
  readonly operation: Operation;
  readonly text: string;
  readonly n: number;
  /** What the answer "done" stands for. */
  readonly done: unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: JournalError) => void;
  /** The link has taken all of it. */
  sent: boolean;
}

interface Confirmation {
  readonly resolve: (current: boolean) => void;
  readonly reject: (error: JournalError) => void;
}

export class RemoteJournal extends AskedJournal implements LinkHandler {
  readonly #link: Link;
  readonly #runtime: RemoteJournalInit["runtime"];
  readonly #limits: LogHostLimits;
  readonly #lost: (why: string) => void;
  readonly #opened = Promise.withResolvers<RemoteJournal>();
  readonly #in: TextsIn;
  readonly #out: TextsOut;
  readonly #open = new Numbered<Request>();
  #openChars = 0;
  readonly #waiting = new Deque<Request>();
  /** "Every row written", by number of rows. */
  readonly #allWritten: (readonly Appended[])[] = [];
  /** Asked in this turn: partition and epoch, one after the other, and who waits. */
  #confirmed: number[] = [];
  #confirmations: Confirmation[] = [];
  #meta: JournalMeta | undefined;
  #last = 0;
  #over: string | undefined;
  #closing: PromiseWithResolvers<void> | undefined;

  private constructor(link: Link, { runtime, limits, lost, signal }: RemoteJournalInit) {
    super();
    this.#link = link;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#lost = lost;
    this.#in = new TextsIn(limits);
    this.#out = new TextsOut(link, limits);
    this.#opened.promise.catch(() => undefined); // the transport may fail first
    const abandon = (): void => link.close("it is not wanted any more");
    signal.addEventListener("abort", abandon, { once: true });
    this.#opened.promise.then(
      () => signal.removeEventListener("abort", abandon),
      () => signal.removeEventListener("abort", abandon),
    );
    this.#out.send(greeting);
    if (signal.aborted) abandon();
  }

  /** Fails with a `ConnectFailure`, or with `HostLost` if the link is lost before the host says that the log is open. */
  static async open(init: RemoteJournalInit): Promise<RemoteJournal> {
    const opened = Promise.withResolvers<RemoteJournal>();
    await init.transport.connect(init.address, (link) => {
      const journal = new RemoteJournal(link, init);
      opened.resolve(journal.#opened.promise);
      return journal;
    });
    return opened.promise;
  }

  get meta(): JournalMeta {
    return this.#meta as JournalMeta;
  }

  append(rows: readonly Row[]): Promise<readonly Appended[]> {
    return this.#askFor("append", [rows], (this.#allWritten[rows.length] ??= Object.freeze(rows.map((): Appended => "written"))));
  }

  /** J14. Those of one turn are one request; it leaves after all of them were asked. */
  confirm(partition: number, epoch: number): Promise<boolean> {
    if (this.#closing) return Promise.reject(this.#closed("confirm"));
    if (this.#confirmations.length >= this.#limits.waitingMax) return Promise.reject(this.#tooMany("confirm"));
    return new Promise((resolve, reject) => {
      this.#confirmed.push(partition, epoch);
      this.#confirmations.push({ resolve, reject });
      if (this.#confirmations.length === 1) this.#runtime.scheduler.endOfTurn(() => void this.#confirmAll());
    });
  }

  /** The index is elsewhere (J13). */
  mayHold(): boolean {
    return true;
  }

  /** Waits until what is open is answered, or the link lost. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closing) {
      this.#closing = Promise.withResolvers<void>();
      this.#closeWhenIdle();
    }
    return this.#closing.promise;
  }

  get isLost(): boolean {
    return this.#over !== undefined;
  }

  /** The host is not the host any more. */
  drop(why: string): void {
    this.#link.close(why);
  }

  // ── the link's side ─────────────────────────────────────────────────────────────────────────────────────────────────────

  message(message: unknown): void {
    try {
      const arrived = this.#in.take(message);
      if (!arrived) return;
      if (this.#meta) this.#answered(arrived.value);
      else {
        this.#meta = readWelcome(arrived.value);
        this.#opened.resolve(this);
      }
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.#runtime.logger.log("warn", "log_host.malformed", { node: this.#link.peer.node, reason: error.message });
      this.#link.close(error.message);
    }
  }

  room(): void {
    this.#out.room();
  }

  closed({ why }: LinkLoss): void {
    this.#over = why;
    const requests = [...this.#open.entries().map(([, request]) => request), ...this.#waiting];
    this.#open.clear();
    while (this.#waiting.shift());
    for (const { operation, sent, reject } of requests) reject(new HostLost(operation, sent, why));
    this.#opened.reject(new HostLost("partitions", false, why));
    this.#closing?.resolve();
    this.#lost(why);
  }

  // ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  protected ask<O extends JournalOperation>(operation: O, args: Arguments<O>): Promise<Answer<O>> {
    return this.#askFor(operation, args);
  }

  #askFor<O extends JournalOperation>(operation: O, args: Arguments<O>, done?: Answer<O>): Promise<Answer<O>> {
    if (this.#closing) return Promise.reject(this.#closed(operation));
    return this.#request(operation, args, done);
  }

  #request<O extends Operation>(operation: O, args: Arguments<O>, done?: Answer<O>): Promise<Answer<O>> {
    if (this.#over !== undefined) return Promise.reject(new HostLost(operation, false, this.#over));
    if (this.#waiting.length >= this.#limits.waitingMax) return Promise.reject(this.#tooMany(operation));
    const n = (this.#last += 1);
    const text = requestText(n, operation, args);
    if (text.length > this.#limits.textCharsMax) {
      const what = `${operation}: ${text.length} characters, of at most ${this.#limits.textCharsMax} on a link`;
      return Promise.reject(new JournalError("refused", what));
    }
    return new Promise<Answer<O>>((resolve, reject) => {
      this.#waiting.push({ operation, text, n, done, resolve, reject, sent: false });
      this.#sendOn();
    });
  }

  /** No more is open than the host takes. */
  #sendOn(): void {
    const { openMax, openCharsMax } = this.#limits;
    for (let next = this.#waiting.peek(); next && this.#open.size < openMax; next = this.#waiting.peek()) {
      if (this.#open.size > 0 && this.#openChars + next.text.length > openCharsMax) return;
      this.#waiting.shift();
      const request = next;
      this.#open.set(request.n, request);
      this.#openChars += request.text.length;
      this.#out.send(request.text, () => {
        request.sent = true;
      });
    }
  }

  #answered(value: unknown): void {
    const answer = readAnswered(value);
    const request = this.#open.get(answer.n);
    if (!request) throw new MalformedMessage(`nobody has asked ${answer.n}`);
    if (answer.kind === "value") {
      const read = forms[request.operation].gives(answer.value); // before it counts as answered: it may be malformed
      request.resolve(read as never);
    } else if (answer.kind === "done") request.resolve(request.done as never);
    else request.reject(new JournalError(answer.error, answer.what));
    this.#open.delete(answer.n);
    this.#openChars -= request.text.length;
    this.#sendOn();
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#closing && this.#open.size === 0 && this.#waiting.length === 0 && this.#confirmations.length === 0) {
      this.#link.close("the journal is closed");
      this.#closing.resolve();
    }
  }

  async #confirmAll(): Promise<void> {
    const [pairs, asked] = [this.#confirmed, this.#confirmations];
    this.#confirmed = [];
    this.#confirmations = [];
    try {
      const answers = await this.#request("confirm", [pairs]);
      if (answers.length !== asked.length) throw new JournalError("failed", "confirm: the host has not answered all");
      for (const [i, { resolve }] of asked.entries()) resolve(answers[i] as boolean);
    } catch (error) {
      for (const { reject } of asked) reject(error as JournalError);
    }
    this.#closeWhenIdle();
  }

  #closed(operation: Operation): JournalError {
    return new JournalError("failed", `${operation}: the journal is closed`);
  }

  #tooMany(operation: Operation): JournalError {
    return new JournalError("failed", `${operation}: ${this.#limits.waitingMax} requests wait for the log's host`);
  }
}
