// What comes over a link, taken apart: a JSON list whose members must be of the types that the frame has.

/** Says what is wrong with a frame; the link that it came by is closed. */
export class MalformedFrame extends Error {
  override readonly name = "MalformedFrame";
}

/** The members of one frame, taken in order, each of the type that it must have. */
export class Members {
  readonly #members: readonly unknown[];
  #at = 0;

  constructor(value: unknown) {
    if (!Array.isArray(value)) throw new MalformedFrame("a frame is an array");
    this.#members = value;
  }

  text(): string {
    const member = this.#members[this.#at];
    if (typeof member !== "string") throw this.#wrong("a text");
    this.#at += 1;
    return member;
  }

  count(): number {
    const member = this.#members[this.#at];
    if (!isCount(member)) throw this.#wrong("a whole number from 0");
    this.#at += 1;
    return member;
  }

  flag(): boolean {
    const member = this.#members[this.#at];
    if (typeof member !== "boolean") throw this.#wrong("true or false");
    this.#at += 1;
    return member;
  }

  amount(): number {
    const member = this.#members[this.#at];
    if (typeof member !== "number" || !(member >= 0)) throw this.#wrong("a number from 0");
    this.#at += 1;
    return member;
  }

  list(): readonly unknown[] {
    const member = this.#members[this.#at];
    if (!Array.isArray(member)) throw this.#wrong("a list");
    this.#at += 1;
    return member as readonly unknown[];
  }

  #wrong(wanted: string): MalformedFrame {
    return new MalformedFrame(`member ${this.#at} of a frame is ${wanted}`);
  }

  nullable<T>(read: (members: this) => T): T | undefined {
    if (this.#members[this.#at] !== null) return read(this);
    this.#at += 1;
    return undefined;
  }

  /** The last member, undefined if it is absent. */
  last(): unknown {
    const value = this.#members[this.#at];
    if (this.#members.length > this.#at) this.#at += 1;
    return value;
  }

  get isEnd(): boolean {
    return this.#at === this.#members.length;
  }

  end(): void {
    if (this.#at !== this.#members.length) throw new MalformedFrame(`a frame of ${this.#at} members has ${this.#members.length}`);
  }
}

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
