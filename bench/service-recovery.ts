// Starting a service whose index lags far behind its log, as after a crash under load: everything not indexed is verified and
// folded before the first question is answered. A fresh process each time. Beside it, in a fresh process too: the same
// records as lines of a flat file, parsed into a map of the newest line of each key.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Room } from "./benchmark.ts";
import { numbersBelow } from "./callers.ts";
import { inChild } from "./child.ts";
import { CounterLog } from "./counter-log.ts";
import type { FirstAnswerParameters } from "./first-answer.ts";
import { beside, interleave, type Row } from "./measure.ts";
import { copyDirectory, removeDirectory } from "./work-directory.ts";

const keys = 20_000;
const commandsPerCommit = 100;

export async function measureServiceRecovery({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const records = quick ? 20_000 : 200_000;
  const file = join(directory, "flat-file");
  const lagging = join(directory, "lagging");
  mkdirSync(lagging);
  writeFileSync(file, (await writeLog(lagging, records)).join("\n"));
  const firstAnswer = async (parameters: FirstAnswerParameters): Promise<number> =>
    (await inChild("first-answer.ts", parameters)) as number;
  const { ours, flat } = await interleave(rounds, {
    async ours(round) {
      const data = join(directory, `data-${round}`);
      copyDirectory(lagging, data); // whoever starts on a log also indexes it
      const ms = await firstAnswer({ kind: "service", path: data });
      removeDirectory(data);
      return ms;
    },
    flat: () => firstAnswer({ kind: "flat file", path: file }),
  });
  const name = `start, ${records.toLocaleString("en")} records not indexed`;
  return [{ name, unit: "ms", ours, bare: beside({ "flat file": flat }) }];
}

/** Without an index. */
async function writeLog(data: string, records: number): Promise<readonly string[]> {
  await using log = await CounterLog.open(data);
  const any = numbersBelow(keys, 1);
  const lines: string[] = [];
  while (lines.length < records) lines.push(...(await log.commit(Array.from({ length: commandsPerCommit }, () => `k${any()}`))));
  return lines;
}
