// The hash that places entities on partitions. It decides where stored data is found again, so it must never drift:
// golden vectors in the test, and no implementation from a library.

/** 32-bit FNV-1a over the UTF-16 code units of `text` (low byte, then high byte), finished with MurmurHash3's mixer. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    h = Math.imul(h ^ (unit & 0xff), 0x01000193);
    h = Math.imul(h ^ (unit >>> 8), 0x01000193);
  }
  return mix(h);
}

function mix(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The partition, 0 to `partitions` - 1, of the entity of type `type` with key `key`. */
export function partitionOf(type: string, key: string, partitions: number): number {
  return hash32(`${type}\u0000${key}`) % partitions;
}

/**
 * 16 hexadecimal digits that tell texts apart (not against an adversary who looks for collisions): two 32-bit FNV-1a
 * hashes from different starts.
 */
export function fingerprint(text: string): string {
  const { a, b } = twoHashes(text);
  return a.toString(16).padStart(8, "0") + b.toString(16).padStart(8, "0");
}

/** The same in 53 bits, as a whole number: for tables of many. Stored in snapshots, so it must not drift either. */
export function hash53(text: string): number {
  const { a, b } = twoHashes(text);
  return a * 0x20_0000 + (b >>> 11);
}

/** Two 32-bit hashes of an entity's type and key together, in memory only. */
export function keyHash(type: string, key: string): { readonly a: number; readonly b: number } {
  const { a, b } = twoHashes(key);
  const of = twoHashes(type);
  return { a: mix(a ^ of.b), b: mix(b ^ of.a) };
}

function twoHashes(text: string): { readonly a: number; readonly b: number } {
  let a = 0x811c9dc5;
  let b = 0x6c62272e;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + 0x9e37), 0x85ebca6b);
    b ^= b >>> 15;
  }
  return { a: mix(a ^ text.length), b: mix(b) };
}
