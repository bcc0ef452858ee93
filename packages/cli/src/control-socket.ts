// Where the process that runs a data directory can be spoken to: a Unix socket in a folder that only its user may enter, and
// `control.json` in the data directory that says so. The socket is not in the data directory itself because its path may
// have some 100 bytes only; its name is a hash of that directory, so that a process finds the socket its dead predecessor left.
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { CommandError } from "./command-error.ts";

export interface ControlAddress {
  readonly pid: number;
  /** Path of the socket. */
  readonly socket: string;
}

/** Header of an answer that is not whole: sentences that say whom it is without, as JSON that is percent-encoded. */
export const missingHeader = "atoll-missing";

/** macOS allows 103 bytes, Linux 107. */
const socketBytesMax = 103;
/** Left for names in a folder of the same name, which sockets of single nodes are in (supervisor/places.ts). */
const nodeBytes = 17;
const fileBytesMax = 4_096;

/** `data`: real path of the data directory. Makes the folder of the sockets. Fails with a `CommandError`. */
export function socketFor(data: string): string {
  const uid = process.getuid?.();
  if (uid === undefined) throw new CommandError("this system has no Unix users to keep a socket private to");
  const name = `${createHash("sha256").update(data).digest("hex").slice(0, 24)}.sock`;
  const fits = (folder: string): boolean => Buffer.byteLength(join(folder, name)) + nodeBytes <= socketBytesMax;
  const folder = [tmpdir(), "/tmp"].map((temporary) => join(temporary, `atoll-${uid}`)).find(fits);
  if (folder === undefined) throw new CommandError("no temporary folder has a path that is short enough for a socket");
  claim(folder, uid);
  return join(folder, name);
}

/** The folder with the sockets of single nodes, where each is a process of its own. */
export const nodesOf = (controlSocket: string): string => controlSocket.replace(/\.sock$/, "");

/** In a folder that everybody may write to, somebody else may have been there first. */
function claim(folder: string, uid: number): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stats = lstatSync(folder);
  if (stats.isDirectory() && stats.uid === uid && (stats.mode & 0o077) === 0) return;
  throw new CommandError(`${folder} is not a folder that only this user may enter: remove it`);
}

const fileIn = (data: string): string => join(data, "control.json");

export function announce(data: string, address: ControlAddress): void {
  const file = fileIn(data);
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(address)}\n`, { mode: 0o600, flag: "wx" });
  renameSync(`${file}.new`, file);
}

/** Leaves a file alone that another process has written since. */
export function withdraw(data: string, { pid }: ControlAddress): void {
  if (announced(data)?.pid === pid) rmSync(fileIn(data), { force: true });
}

/** What the file says, which may have outlived its process. Undefined without a readable one. */
export function announced(data: string): ControlAddress | undefined {
  const file = fileIn(data);
  try {
    if (statSync(file).size > fileBytesMax) return undefined;
    const { pid, socket } = JSON.parse(readFileSync(file, "utf8")) as { readonly pid?: unknown; readonly socket?: unknown };
    if (!Number.isSafeInteger(pid) || typeof socket !== "string" || !isAbsolute(socket)) return undefined;
    return { pid: pid as number, socket };
  } catch {
    return undefined; // none, or half a one: whoever asks finds out from the locks of the logs whether a process runs
  }
}
