// What process.os.test.ts and the process that it starts agree on.
import type { NodeIdentity } from "../transport.ts";

export const listenerSelf: NodeIdentity = { node: "b", service: "b", incarnation: "b".repeat(32) };
export const processLimits = { silentMs: 600 };
