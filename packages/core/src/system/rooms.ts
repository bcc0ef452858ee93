// Parts of the runtime that many systems do without: what drives sagas, what tells, what guards calls. Definitions are light and
// always there; these are modules that a start on Node loads only for a system that has use for them. Everybody else, and the
// simulator above all, has every room from the beginning (ready-boot.ts): no event of a schedule may wait for a file.
import type { Service, System } from "./definition.ts";

export interface Rooms {
  readonly calls: typeof import("./guarded-sender.ts") | undefined;
  readonly deliveries: typeof import("./service-deliveries.ts") | undefined;
  readonly sagas: typeof import("./saga/room.ts") | undefined;
}

export async function roomsFor({ services }: System): Promise<Rooms> {
  const [calls, deliveries, sagas] = await Promise.all([
    services.some(guards) ? import("./guarded-sender.ts") : undefined,
    services.some(tells) ? import("./service-deliveries.ts") : undefined,
    services.some(plays) ? import("./saga/room.ts") : undefined,
  ]);
  return { calls, deliveries, sagas };
}

const guards = ({ calls }: Service): boolean => calls.length > 0;
/** Handlers may tell, and adapters are handlers. */
const tells = ({ parts, subscriptions }: Service): boolean =>
  subscriptions.length > 0 || parts.some(({ kind }) => kind === "handlers" || kind === "adapter");
const plays = ({ parts }: Service): boolean => parts.some(({ kind }) => kind === "saga");
