// What an entity remembers of durable tells: per stream the highest place that it has applied (ADR 0013). Who tells sends one
// command of a stream after the other to an entity, each with a higher place, so that one number says of every place whether
// it was applied.
//
//  M1  A told command is applied at most once, however much later it is repeated: a mark is never forgotten.
//  M2  The marks after replaying a log are those that the entity had when it wrote it: they are folded like the state.
//  M3  What turns out not to be in the log leaves no mark.
//
// Bounded by the streams that ever reach the entity: the partitions of those whose topics its tellers subscribe to.
import type { Told } from "../journal/index.ts";

/** Of one mark, besides the name of its stream, which is shared: seen on V8. */
const markBytes = 48;
/** Characters of a mark in a snapshot, about. */
const markLength = 90;

export class Marks {
  /** Most entities are told nothing: they have neither of the two. */
  #committed: Map<string, number> | undefined;
  /** Of commands whose commit is under way. */
  #speculative: Map<string, number> | undefined;

  /** What they occupy, about. */
  get bytes(): number {
    return (this.#committed?.size ?? 0) * markBytes;
  }

  /** Characters that they take in a snapshot, about. */
  get storedLength(): number {
    return (this.#committed?.size ?? 0) * markLength;
  }

  /** Whether the command at this place, or one after it, was applied. */
  covers([stream, place]: Told): boolean {
    const mark = this.#speculative?.get(stream) ?? this.#committed?.get(stream);
    return mark !== undefined && place <= mark;
  }

  /** The command at this place is on its way to the log. */
  add([stream, place]: Told): void {
    this.#speculative ??= new Map();
    this.#speculative.set(stream, place);
  }

  /** The record of the command at this place is in the log. */
  committed([stream, place]: Told): void {
    this.#committed ??= new Map();
    this.#committed.set(stream, place);
    if (this.#speculative?.get(stream) === place) this.#speculative.delete(stream);
  }

  /** Nothing that was added and not committed is in the log. */
  rewind(): void {
    this.#speculative = undefined;
  }

  store(): readonly Told[] {
    return [...(this.#committed ?? [])];
  }
}
