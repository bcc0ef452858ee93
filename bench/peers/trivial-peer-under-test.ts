// A peer that needs nothing installed, in a process of its own as every peer is: the name of its folder says how it behaves.
import { basename } from "node:path";
import { firstInput, step } from "./load.ts";
import { CannotRun, servePeer } from "./peer-process.ts";

await servePeer((directory) => {
  if (basename(directory) === "cannot-run") throw new CannotRun("needs a moon");
  return Promise.resolve({
    name: "trivial 1.0",
    workflow: async () => {
      const a = await step(firstInput);
      const b = await step(a.total);
      return basename(directory) === "skips-a-step" ? b : step(b.total);
    },
    close: () => Promise.resolve(),
  });
});
