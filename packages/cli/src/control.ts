// The control socket of a running system, with every verb that the other commands ask it for.
import type { Running } from "@atoll/core";
import { breakerVerbs } from "./breakers-running.ts";
import { ControlServer } from "./control-server.ts";
import { quarantineVerbs } from "./quarantine-running.ts";
import { readModelVerbs } from "./read-models-running.ts";
import { sagaVerbs } from "./sagas-control.ts";
import { deadLetterVerbs } from "./dead-letters-running.ts";

/** `data`: real path of the data directory. Fails if the socket cannot be had. */
export function openControl(data: string, running: Running): Promise<AsyncDisposable> {
  const verbs = {
    ...quarantineVerbs(running),
    ...breakerVerbs(running),
    ...readModelVerbs(running),
    ...sagaVerbs(running),
    ...deadLetterVerbs(running),
  };
  return ControlServer.open(data, verbs);
}
