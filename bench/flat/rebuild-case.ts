// A read model that is rebuilt from zero over a long log, beside the one that answers, which it replaces at the end; then each
// message must have been applied once and in order.
import { logWriterLimits } from "@atoll/core/journal";
import { Metrics } from "@atoll/core/runtime";
import { type CaseRoom, progress, round, rounds, total } from "./case-room.ts";
import { Load, until } from "./load.ts";
import { Phase } from "./phase.ts";
import { Minutes, partitions, startTalk } from "./talk.ts";
import type { CaseResult } from "./verdict.ts";

const records = 150_000;
const textLength = 200;
/** As in the limits of read models: pages of 64 KiB, two of a partition in memory, each as text and as objects; and batches. */
const perGenerationBytes = partitions * 2 * 4 * 2 ** 16 + 2 * 1_000 * 2_048;

export async function rebuildCase({ data, roundMs }: CaseRoom): Promise<CaseResult> {
  const metrics = new Metrics();
  await using running = await startTalk("rebuild", data, metrics);
  const load = new Load(running, textLength);
  const isBuilding = (): boolean => running.readModels.list().some(({ state, rebuilt }) => state !== "live" || rebuilt !== undefined);
  const behind = (): number => total(metrics, "atoll_read_model_behind_records");
  const isBuilt = (): boolean => !isBuilding() && behind() === 0;
  const queued = () => ({ "records behind": behind(), "commands waiting": total(metrics, "atoll_commit_queue_records") });
  await load.pour(records);
  await until(isBuilt);
  progress(`rebuild: ${records.toLocaleString("en")} messages are in the log and in the read model`);

  const [calm, disturbed] = [new Phase("live"), new Phase("rebuilding")];
  for (let i = 0; i < rounds; i++) {
    await round(calm, load, roundMs, queued);
    await running.readModels.rebuild("talk", Minutes.$.name);
    await round(disturbed, load, 0, queued, () => !isBuilding());
    progress(`rebuild: round ${i + 1} of ${rounds}, rebuilt and swapped`);
  }
  await until(isBuilt);
  const heard = new Map((await running.at(Minutes).all()).map((row) => [row.key, row]));
  let lost = 0;
  let wrong = 0;
  for (const [key, n] of load.said) {
    lost += Math.max(0, n - (heard.get(key)?.last ?? 0));
    wrong += heard.get(key)?.wrong ?? 0;
  }
  return {
    name: "rebuild",
    calm: calm.figures(),
    disturbed: disturbed.figures(),
    allowedBytes: perGenerationBytes + 3 * partitions * logWriterLimits.recentBytesMax,
    withheldBytes: records * 2 * textLength,
    lost,
    wrong,
  };
}
