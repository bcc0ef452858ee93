// The control socket of a running system, with every verb that the other commands ask it for.
import type { Running } from "@atoll/core";
import { breakerVerbs } from "./breakers-running.ts";
import { ControlServer, type Verbs } from "./control-server.ts";
import { quarantineVerbs } from "./quarantine-running.ts";
import { readModelVerbs } from "./read-models-running.ts";
import { sagaVerbs } from "./sagas-control.ts";
import { deadLetterVerbs } from "./dead-letters-running.ts";

/** Of everything that runs in this process. */
export function controlVerbs(running: Running): Verbs {
  return {
    ...quarantineVerbs(running),
    ...breakerVerbs(running),
    ...readModelVerbs(running),
    ...sagaVerbs(running),
    ...deadLetterVerbs(running),
  };
}

/** `data`: real path of the data directory. `more`: verbs of the process itself. Fails if the socket cannot be had. */
export function openControl(data: string, running: Running, more: Verbs): Promise<AsyncDisposable> {
  return ControlServer.open(data, { ...controlVerbs(running), ...more });
}
