// Where the process that runs a data directory can be asked. The socket lies in a folder that only its owner enters; its
// address is noted in the data directory, because a socket's own path may have little more than a hundred characters.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

export interface ControlAddress {
  readonly pid: number;
  readonly socket: string;
}

const noteIn = (data: string): string => join(data, "control.json");

/** Makes the folder, and a path for the socket of `data`. */
export function socketFor(data: string): string {
  const folder = join(tmpdir(), `atoll-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return join(folder, `${createHash("sha256").update(realpathSync(data)).digest("hex").slice(0, 24)}.sock`);
}

export function noteAddress(data: string, address: ControlAddress): void {
  writeFileSync(noteIn(data), `${JSON.stringify(address)}\n`, { mode: 0o600 });
}

export function removeAddress(data: string, { socket }: ControlAddress): void {
  rmSync(noteIn(data), { force: true });
  rmSync(socket, { force: true });
}

/** Undefined if nobody has noted one, or what is noted cannot be read. */
export function addressOf(data: string): ControlAddress | undefined {
  try {
    const { pid, socket } = JSON.parse(readFileSync(noteIn(data), "utf8")) as Partial<ControlAddress>;
    return typeof pid === "number" && typeof socket === "string" ? { pid, socket } : undefined;
  } catch {
    return undefined; // none, or half of one: the data directory then counts as not running, and its lock says if it is
  }
}
