import { portsTck } from "../tck/ports-tck.ts";
import { nodeRuntime } from "./index.ts";

portsTck("ports on Node", () => {
  const events: string[] = [];
  const runtime = nodeRuntime({ logger: { log: (_, event) => void events.push(event) } });
  const hold = runtime.hold();
  return { runtime, ordered: true, drive: (promise) => promise, logged: () => events, close: () => hold[Symbol.dispose]() };
});
