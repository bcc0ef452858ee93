// A subscriber that is away, cut off by an operator, for an hour of traffic; the hour is made of its volume. Then it comes back and
// catches up while the load goes on, and every message must have been heard once and in order.
import { logWriterLimits } from "@atoll/core/journal";
import { Metrics } from "@atoll/core/runtime";
import { subscriptionLimits } from "@atoll/core/subscription";
import { type CaseRoom, perSecond, progress, round, rounds, total } from "./case-room.ts";
import { Load, until } from "./load.ts";
import { Phase } from "./phase.ts";
import { keys, Listener, partitions, receiptsMax, startTalk, subscriber } from "./talk.ts";
import type { CaseResult } from "./verdict.ts";

const textLength = 200;
/** Of one told command with what it takes to send it again. */
const tellBytes = 4_096;

export async function subscriberCase({ data, roundMs, awayMinutes }: CaseRoom): Promise<CaseResult> {
  const metrics = new Metrics();
  await using running = await startTalk("subscriber", data, metrics);
  const load = new Load(running, textLength);
  const lag = (): number => total(metrics, "atoll_subscription_lag_records");
  const queued = () => ({ "records behind": lag(), "tells open": total(metrics, "atoll_tells_open") });
  const caughtUp = () => until(() => lag() === 0);
  await load.pour(keys.length * receiptsMax);
  await caughtUp();
  progress("subscriber: everything has been heard that was said to fill receipts and caches");

  const [calm, disturbed, after] = [new Phase("it listens"), new Phase("it is away"), new Phase("it catches up")];
  const hour = awayMinutes * 60 * perSecond;
  for (let i = 0; i < rounds; i++) {
    await round(calm, load, roundMs, queued);
    running.openBreaker(subscriber, Listener.$.name);
    await round(disturbed, load, roundMs, queued);
    progress(`subscriber: round ${i + 1} of ${rounds}`);
    if (i === rounds - 1) {
      await load.pour(hour);
      progress(`subscriber: ${hour.toLocaleString("en")} messages were said while it is away`);
      await round(disturbed, load, roundMs, queued);
    }
    running.closeBreaker(subscriber, Listener.$.name);
    if (i === rounds - 1) await round(after, load, roundMs, queued, () => lag() < perSecond);
    await caughtUp();
  }
  let lost = 0;
  let wrong = 0;
  for (const [key, n] of load.said) {
    const heard = await running.at(Listener, key).heard();
    lost += Math.max(0, n - heard.last);
    wrong += heard.wrong;
  }
  const perPartition = 3 * subscriptionLimits.pageBytes + 3 * logWriterLimits.recentBytesMax + subscriptionLimits.tellsOpenMax * tellBytes;
  return {
    name: "subscriber",
    calm: calm.figures(),
    disturbed: disturbed.figures(),
    after: after.figures(),
    allowedBytes: partitions * perPartition,
    withheldBytes: hour * 2 * textLength,
    lost,
    wrong,
  };
}
