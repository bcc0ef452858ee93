// The trial system on this machine: real sockets, real disk, in a temporary folder that goes with it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "@atoll/core/system";
import { HTTPException } from "hono/http-exception";
import type { GatewayHow } from "@atoll/gateway";
import { trialSystem, type Trial } from "./trial-system.ts";

export interface TrialServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly trial: Trial;
  stop(graceMs?: number): Promise<void>;
}

const withImages: GatewayHow = {
  http: (app) =>
    app.get("/images/:file", (c) => {
      if (!c.req.param("file").endsWith(".svg")) throw new HTTPException(404, { message: "No such image." });
      return c.body("<svg/>", 200, { "content-type": "image/svg+xml" });
    }),
};

/** Requests reach their routes directly, or through Hono where there are plain handlers: what clients rely on holds for both. */
export const trialKinds = [
  ["routes only", {}],
  ["with plain handlers", withImages],
] as const satisfies readonly (readonly [kind: string, how: GatewayHow])[];

export async function serveTrial(how: GatewayHow = withImages): Promise<TrialServer> {
  const data = mkdtempSync(join(tmpdir(), "atoll-gateway-"));
  const trial: Trial = { runs: 0, ids: [], mended: false, log: undefined, wait: (ms, signal) => sleep(ms, undefined, { signal }) };
  const running = await start(trialSystem(trial, how), { port: 0, data, logger: { log: () => undefined } });
  const stop = async (graceMs?: number): Promise<void> => {
    await running.stop(graceMs);
    rmSync(data, { recursive: true, force: true });
  };
  return { url: running.url, port: Number(new URL(running.url).port), trial, stop, [Symbol.asyncDispose]: () => stop() };
}
