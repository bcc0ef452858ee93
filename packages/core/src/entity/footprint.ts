// What an entity in memory occupies, estimated: its state by the length of its JSON, what it remembers exactly, and the rest by a
// constant. The state is looked at anew only when the number of its events has doubled, so that looking costs little however
// it grows.
import type { Remembered } from "./remembered.ts";

/** An entity without state and memory of commands: seen on V8, with a key of usual length. */
const emptyBytes = 1_024;
/** Heap that a state takes per character of its JSON: small objects with short members take most. */
const bytesPerCharacter = 4;
/** Versions before which the state is not looked at a second time. */
const secondLookAt = 8;

export class Footprint {
  bytes = 0;
  #stateLength = 0;
  #lookAt = 0;

  /** Characters of a snapshot, about. */
  snapshotLength(remembered: Remembered): number {
    return this.#stateLength + remembered.storedLength;
  }

  /** Of a new entity, whose state is the initial one, of so many characters. Returns its bytes. */
  begin(initialLength: number, remembered: Remembered): number {
    this.#stateLength = initialLength;
    this.#lookAt = secondLookAt;
    this.bytes = emptyBytes + initialLength * bytesPerCharacter + remembered.bytes;
    return this.bytes;
  }

  /** Returns by how many bytes it has grown since the last time. */
  grown(state: unknown, version: number, remembered: Remembered): number {
    if (version >= this.#lookAt) {
      this.#stateLength = JSON.stringify(state).length;
      this.#lookAt = Math.max(secondLookAt, version * 2);
    }
    const before = this.bytes;
    this.bytes = emptyBytes + this.#stateLength * bytesPerCharacter + remembered.bytes;
    return this.bytes - before;
  }
}
