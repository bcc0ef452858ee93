import { portsTck } from "../tck/ports-tck.ts";
import { VirtualWorld } from "./index.ts";

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  portsTck(`ports in a virtual world, seed ${seed}`, () => {
    const world = new VirtualWorld({ seed });
    return {
      runtime: world.process("node"),
      ordered: false,
      drive: (promise) => world.runUntil(promise),
      logged: () => [...world.trace.marks.keys()],
      close: () => undefined,
    };
  });
}
