// What a system with sagas needs to run them, and others do not load (rooms.ts).
import { AlarmClock, alarmClockLimits, type Attended, type Ring } from "../../journal/alarm-clock.ts";
import type { LogWriter } from "../../journal/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { SagaHost } from "./host.ts";

export type { AlarmClock } from "../../journal/alarm-clock.ts";
export { openSagas } from "./service-sagas.ts";

/** Brings back what was running when the process ended, at once, and what sleeps, at its time. */
export function alarmClockOf(service: string, writer: LogWriter, runtime: Runtime, sagas: readonly SagaHost[]): AlarmClock {
  const byType = new Map(sagas.map((host) => [host.name, host]));
  const ring: Ring = async ({ type, key }) => byType.get(type)?.wake(key);
  const attended: Attended = ({ type, key, due }) => due === 0 && byType.get(type)?.isInMemory(key) === true;
  return new AlarmClock(service, writer, runtime, alarmClockLimits, ring, attended);
}
