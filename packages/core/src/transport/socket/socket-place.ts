// Where a listener's socket lies: in a folder that only its user may enter, because whoever can open the socket can knock,
// and whoever can put another one in its place can listen instead of us. A socket that a dead process left is removed, one
// that somebody listens at is not.
import { chmod, lstat, mkdir, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, isAbsolute } from "node:path";
import { Failure } from "../../base/failure.ts";

/** macOS allows 103 bytes, Linux 107. */
const socketPathBytesMax = 103;

/** Undefined, or what is wrong with it. */
export function pathProblem(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes > socketPathBytesMax) return `the path of a socket has at most ${socketPathBytesMax} bytes, this one has ${bytes}`;
  return isAbsolute(path) && !path.includes("\0") ? undefined : "the path of a socket is absolute";
}

/** Makes room for a socket at `path`. Fails with INVALID_CONFIG, ADDRESS_TAKEN. */
export async function prepareSocket(path: string): Promise<void> {
  const problem = pathProblem(path);
  if (problem !== undefined) throw new Failure("INVALID_CONFIG", { what: problem, at: path });
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(folder);
  if (uid !== process.getuid?.() || (mode & 0o777) !== 0o700)
    throw new Failure("INVALID_CONFIG", { what: "it is not a folder of mode 0700 that belongs to this user", at: folder });
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw new Failure("INVALID_CONFIG", { what: "there is something that is no socket", at: path });
  if (await hasListener(path)) throw new Failure("ADDRESS_TAKEN", { what: "somebody listens at this socket", at: path });
  await unlink(path).catch(() => undefined); // another one may have been quicker
}

export const protectSocket = (path: string): Promise<void> => chmod(path, 0o600);

function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // EAGAIN: its queue of connections is full, so there is one.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
  });
}
