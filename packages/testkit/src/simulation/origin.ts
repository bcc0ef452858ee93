// Where a simulation was begun: the file and the test to run again. Found from the stack and from the runner, because a
// command that has to be put together by hand is not a reproduction.
import * as nodeTest from "node:test";
import { environment } from "@atoll/core/runtime/node";
import type { Schedule } from "./schedule.ts";

export interface Origin {
  /** Undefined if the stack does not say. */
  readonly file: string | undefined;
  /** Name of the running test, where the runner is node:test and says. */
  readonly test: string | undefined;
}

/** `stack`: of an error made where `simulate` was called, from the caller on. */
export function originOf(stack: string): Origin {
  const place = /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()\s]+|[A-Za-z]:\\[^()\s]+):\d+:\d+\)?$/m.exec(stack)?.[1];
  const { getTestContext } = nodeTest as Partial<Pick<typeof nodeTest, "getTestContext">>; // since Node 24
  return { file: place === undefined ? undefined : relative(place), test: getTestContext?.()?.name };
}

function relative(place: string): string {
  const path = place.startsWith("file:") ? decodeURIComponent(new URL(place).pathname) : place;
  const here = environment()["PWD"];
  return here !== undefined && path.startsWith(`${here}/`) ? path.slice(here.length + 1) : path;
}

/** The one command that runs `seed` of this simulation again, with the faults that it draws or with those of `schedule`. */
export function commandFor({ file, test }: Origin, { seed, schedule }: { readonly seed: number; readonly schedule?: Schedule }): string {
  const pattern = test?.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`).replaceAll("'", ".");
  const only = pattern === undefined ? "" : ` --test-name-pattern='${pattern}'`;
  const runner = test === undefined && file !== undefined && !/\.test\.[cm]?[jt]s$/.test(file) ? "node" : "node --test";
  const faults = schedule === undefined ? "" : ` ATOLL_SCHEDULE='${JSON.stringify(schedule)}'`;
  return `ATOLL_SEED=${seed}${faults} ${runner}${only} ${file ?? "FILE"}`;
}
