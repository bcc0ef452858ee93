// Texts of any length over a link whose messages are bounded: what is too long goes in parts, one text after the other.
import { Deque } from "../../base/deque.ts";
import type { Link } from "../../transport/index.ts";
import type { LogHostLimits } from "./limits.ts";
import { items, MalformedMessage, text } from "./reader.ts";

interface Leaving {
  readonly text: string;
  /** Characters of it that the link has taken; only of one that goes in parts. */
  at: number;
  readonly left: (() => void) | undefined;
}

/** The sending side: in order, never more than the link has room for. Its owner bounds what it is given. */
export class TextsOut {
  readonly #link: Pick<Link, "send">;
  readonly #limits: LogHostLimits;
  readonly #waiting = new Deque<Leaving>();
  #waitingChars = 0;

  constructor(link: Pick<Link, "send">, limits: LogHostLimits) {
    this.#link = link;
    this.#limits = limits;
  }

  /** Of texts that the link has not taken, or not all of. */
  get waitingChars(): number {
    return this.#waitingChars;
  }

  /** `left`: called when the link has taken all of it. */
  send(sent: string, left?: () => void): void {
    const leaving: Leaving = { text: sent, at: 0, left };
    if (this.#waiting.length === 0 && this.#take(leaving)) return left?.();
    this.#waiting.push(leaving);
    this.#waitingChars += sent.length;
  }

  /** The link has room. */
  room(): void {
    for (let next = this.#waiting.peek(); next && this.#take(next); next = this.#waiting.peek()) {
      this.#waiting.shift();
      this.#waitingChars -= next.text.length;
      next.left?.();
    }
  }

  #take(leaving: Leaving): boolean {
    const { wholeCharsMax, partCharsMax } = this.#limits;
    const { text: all } = leaving;
    if (all.length <= wholeCharsMax) return this.#link.send(all);
    while (leaving.at < all.length) {
      const end = leaving.at + partCharsMax;
      if (!this.#link.send(JSON.stringify([end < all.length ? "part" : "last", all.slice(leaving.at, end)]))) return false;
      leaving.at = end;
    }
    return true;
  }
}

/** The receiving side: at most one text is being put together at a time. */
export class TextsIn {
  readonly #charsMax: number;
  #parts: string[] = [];
  #chars = 0;

  constructor({ textCharsMax }: LogHostLimits) {
    this.#charsMax = textCharsMax;
  }

  /** The message, or what its parts make with those before; undefined while more has to come. Throws `MalformedMessage`. */
  take(message: unknown): { readonly value: unknown; readonly chars: number } | undefined {
    const kind = Array.isArray(message) ? (message[0] as unknown) : undefined;
    if (kind !== "part" && kind !== "last") {
      if (this.#parts.length > 0) throw new MalformedMessage("a message came between the parts of another");
      return { value: message, chars: 0 };
    }
    const part = text(items(message)[1]);
    this.#parts.push(part);
    this.#chars += part.length;
    if (this.#chars > this.#charsMax) throw new MalformedMessage(`a message of more than ${this.#charsMax} characters`);
    if (part.length === 0) throw new MalformedMessage("a part is not empty");
    if (kind === "part") return undefined;
    const [whole, chars] = [this.#parts.join(""), this.#chars];
    this.#parts = [];
    this.#chars = 0;
    try {
      return { value: JSON.parse(whole), chars };
    } catch (error) {
      throw new MalformedMessage("the parts make no JSON", { cause: error });
    }
  }
}
