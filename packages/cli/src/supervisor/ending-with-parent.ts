// How a process is started that ends with the one that has started it, whatever either of them is doing: Linux kills it then, if it is asked to
// (prctl(2), PR_SET_PDEATHSIG), and setpriv(1) of util-linux asks. It is that process itself which becomes the program. Where there is no such
// thing the channel between the two says it, to one that is neither stopped nor busy.
import { spawnSync } from "node:child_process";

const setpriv = "/usr/bin/setpriv";
const options = ["--pdeathsig", "KILL", "--"] as const;

let works: boolean | undefined;

/** What to start instead of `program`. Looks once whether it works here: the setpriv of another origin may not know the option. */
export function endingWithParent(program: string, args: readonly string[]): { readonly program: string; readonly args: readonly string[] } {
  works ??= process.platform === "linux" && spawnSync(setpriv, [...options, "true"], { stdio: "ignore" }).status === 0;
  return works ? { program: setpriv, args: [...options, program, ...args] } : { program, args };
}
