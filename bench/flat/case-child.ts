// One case, in a process of its own.
import { answer } from "../child.ts";
import { newWorkDirectory, removeDirectory } from "../work-directory.ts";
import type { CaseParameters } from "./case-room.ts";
import { cases } from "./registry.ts";

await answer(async (parameters: CaseParameters) => {
  const data = newWorkDirectory();
  try {
    return await cases[parameters.name]({ ...parameters, data });
  } finally {
    removeDirectory(data);
  }
});
