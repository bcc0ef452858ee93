// Dead letters as operators see them: listed, sent once more, or discarded. Only those that their stream has passed can be
// dealt with: what is above the cursor is told again after a crash, and only the letter says that it must not be. Where
// several instances share a log, each letter is with the one that delivers its stream, and the others do not know it.
// Each function rejects with a `JournalError` while the journal does not answer.
import { Failure } from "../base/failure.ts";
import type { DeadLetter } from "../journal/index.ts";
import type { MessageAnswer } from "../mailbox/index.ts";
import { letterId, offsetOf, sourcePartitionOf, subscriptionLimits, type Cursors } from "../subscription/index.ts";
import type { Router, Sender } from "./router.ts";
import type { OpenLog } from "./service-log.ts";

/** What became of one that was sent once more: a rejection is an answer too. */
export type SentAgain = { readonly kind: "answered" } | { readonly kind: "rejected"; readonly name: string };

export interface DeadLettersInit {
  readonly service: string;
  readonly router: Router;
  readonly sender: Sender;
  /** What it carried when it was told, and carries again (T5). */
  readonly traceOf: (letter: Pick<DeadLetter, "stream" | "place">) => Promise<string | undefined>;
}

const page = 500;
/** Counted no further: for whoever has to do something about them it is all the same. */
const countedMax = 500;

export class DeadLetters {
  readonly #init: DeadLettersInit;
  readonly #open: OpenLog;
  readonly #cursors: Cursors;
  #count = 0;

  constructor(init: DeadLettersInit, open: OpenLog, cursors: Cursors) {
    this.#init = init;
    this.#open = open;
    this.#cursors = cursors;
  }

  /** How many there are; at most 500 are counted. */
  get count(): number {
    return this.#count;
  }

  /** Looks how many there are. Rejects with a `JournalError`. */
  async recount(): Promise<void> {
    this.#count = (await this.list(undefined, countedMax)).length;
  }

  /** Resolves once it is on disk. Rejects with a `JournalError`. */
  async park(letter: DeadLetter): Promise<void> {
    await this.#open.journal.park(letter);
    this.#count = Math.min(this.#count + 1, countedMax);
  }

  /** At most `max`, behind `after`, in the order of stream and place. */
  async list(after: Pick<DeadLetter, "stream" | "place"> | undefined, max = page): Promise<readonly DeadLetter[]> {
    const { journal, writer } = this.#open;
    const found: DeadLetter[] = [];
    for (let last = after; ;) {
      const wanted = max - found.length;
      const some = await writer.within(journal.deadLetters(last, wanted));
      found.push(...some.filter(({ stream }) => this.#isHere(stream)));
      last = some.at(-1);
      if (some.length < wanted || found.length >= max) return found;
    }
  }

  #isHere(stream: string): boolean {
    const { journal, writer } = this.#open;
    const partition = sourcePartitionOf(stream);
    return partition === undefined || writer.owns(partition % journal.meta.partitions);
  }

  /** False if there is none at this place. */
  async discard(stream: string, place: number): Promise<boolean> {
    if (!(await this.#find(stream, place))) return false;
    return this.#discard(stream, place);
  }

  /**
   * Sends its command once more, as the service, and discards it once there is an answer. Again after a failure it is the same
   * command, applied once. Undefined if there is none at this place. Rejects with a `Failure`, and keeps it then.
   */
  async retry(stream: string, place: number): Promise<SentAgain | undefined> {
    const letter = await this.#find(stream, place);
    if (!letter) return undefined;
    const { service, router, sender, traceOf } = this.#init;
    const { contract: name, command, key, input, since } = letter;
    const contract = router.contract(name);
    const to = contract?.$.operations[command];
    if (!contract || to?.kind !== "command")
      throw new Failure("UNAVAILABLE", {
        what: "it is no command that a service of this system takes: discard it",
        at: `${name}.${command}`,
      });
    const trace = await traceOf(letter);
    const answer = await new Promise<MessageAnswer>((resolve, reject) => {
      const sent = { to, key: contract.$.keyed ? key : undefined, input: input === "" ? undefined : (JSON.parse(input) as unknown) };
      const id = letterId(stream, place);
      const { withinMs } = subscriptionLimits;
      sender.send({ ...sent, caller: service, id, minted: since, withinMs, read: "strong", session: undefined, trace }, resolve, reject);
    });
    await this.#discard(stream, place);
    return answer.kind === "reply" ? { kind: "answered" } : { kind: "rejected", name: answer.name };
  }

  async #discard(stream: string, place: number): Promise<boolean> {
    const { journal, writer } = this.#open;
    const discarded = await writer.within(journal.discard(stream, place));
    if (discarded) await this.recount();
    return discarded;
  }

  async #find(stream: string, place: number): Promise<DeadLetter | undefined> {
    const [letter] = await this.list({ stream, place: place - 1 }, 1);
    if (letter?.stream !== stream || letter.place !== place) return undefined;
    await this.#cursors.flush();
    if ((this.#cursors.stored(stream) ?? 0) > offsetOf(place)) return letter;
    throw new Failure("UNAVAILABLE", { what: "its stream has not passed it yet: something before it is still being told", at: stream });
  }
}
