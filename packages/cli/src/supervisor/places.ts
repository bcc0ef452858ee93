// Who a new process is, and where it listens: minted by the supervisor, new for every process, so that nobody takes one for the one
// before it. The sockets of a data directory are in a folder of their own beside the control sockets, which only this user may enter;
// their paths are short whatever the services are called.
import type { NodeIdentity } from "@atoll/core/transport";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { nodesOf, socketFor } from "../control-socket.ts";

export interface Place {
  readonly identity: NodeIdentity;
  /** Path of its socket. */
  readonly at: string;
  /** What tickets to it are made with. */
  readonly secret: string;
}

/** The folder is made by the first process that listens in it. */
const folderOf = (data: string): string => nodesOf(socketFor(data));

/** Fails with a `CommandError` where no path is short enough. */
export function mint(data: string, of: Pick<NodeIdentity, "node" | "service">): Place {
  const incarnation = randomBytes(16).toString("hex");
  const at = join(folderOf(data), incarnation.slice(0, 16));
  return { identity: { ...of, incarnation }, at, secret: randomBytes(32).toString("hex") };
}

/** Removes what killed processes have left. Only for whoever holds the lock of the directory. */
export const clearPlaces = (data: string): void => rmSync(folderOf(data), { recursive: true, force: true });
