// `boot` with every room there is, for whoever cannot wait for one: tests, and the simulator.
import { bootWith, type Booted, type Platform } from "./boot.ts";
import type { System } from "./definition.ts";
import * as calls from "./guarded-sender.ts";
import type { Rooms } from "./rooms.ts";
import * as sagas from "./saga/room.ts";
import * as deliveries from "./service-deliveries.ts";

const everyRoom: Rooms = { calls, deliveries, sagas };

/** As `bootWith`, whatever the system consists of. A gateway that has `load` is loaded before. */
export const boot = (system: System, platform: Platform): Promise<Booted> => bootWith(everyRoom, system, platform);
