// Passwords, derived with scrypt (RFC 7914). The form that is stored names its parameters, so that they can be raised without
// making anybody's password invalid:
//
//   scrypt:LOG2_N:R:P:SALT:HEX
//
// The function that does the work is handed in, because the right one for a server is the wrong one for the simulator: on a
// server it runs on Node's thread pool, so that nobody else waits those tens of milliseconds; a simulation must not have threads
// in it, and takes the synchronous one, at a cost that nobody should use for a real password (ADR 0020).
import { scrypt as scryptOnThread, scryptSync, timingSafeEqual } from "node:crypto";

export interface ScryptCost {
  /** Memory and time double with each step: 128 · R · 2^LOG2_N bytes. */
  readonly log2n: number;
  readonly r: number;
  readonly p: number;
}

/** 32 bytes. Pure: the same from every implementation. */
export type Scrypt = (password: string, salt: string, cost: ScryptCost) => Uint8Array | Promise<Uint8Array>;

const bytes = 32;
const options = ({ log2n, r, p }: ScryptCost) => ({ N: 2 ** log2n, r, p, maxmem: 2 ** 20 + 256 * r * 2 ** log2n });

export const threadPoolScrypt: Scrypt = (password, salt, cost) =>
  new Promise((resolve, reject) => {
    scryptOnThread(password, salt, bytes, options(cost), (error, key) => (error ? reject(error) : resolve(key)));
  });

export const synchronousScrypt: Scrypt = (password, salt, cost) => scryptSync(password, salt, bytes, options(cost));

/** 16 MiB and some 40 ms at the default of 14, which is also Node's. */
export const costOf = (log2n: number): ScryptCost => ({ log2n, r: 8, p: 1 });

/** `salt` is nobody else's and never used again; it need not be secret. The same input gives the same text. */
export async function derived(scrypt: Scrypt, password: string, salt: string, cost: ScryptCost): Promise<string> {
  const key = Buffer.from(await scrypt(normal(password), salt, cost));
  return ["scrypt", cost.log2n, cost.r, cost.p, encodeURIComponent(salt), key.toString("hex")].join(":");
}

/** Whether `stored`, which `derived` made, was made from `password`. Takes as long for a wrong password as for the right one. */
export async function matches(scrypt: Scrypt, password: string, stored: string): Promise<boolean> {
  const [, log2n, r, p, salt = "", hex = ""] = stored.split(":");
  const key = await scrypt(normal(password), decodeURIComponent(salt), { log2n: Number(log2n), r: Number(r), p: Number(p) });
  return timingSafeEqual(key, Buffer.from(hex, "hex"));
}

/** The same letters, however a keyboard composes them (RFC 8265). */
const normal = (password: string): string => password.normalize("NFC");
