// The numbers by which one sees whether a subscription keeps up (docs/metrics.md).
import type { Counter, Metrics } from "../runtime/index.ts";

export interface DeliveryMetrics {
  /** Messages that `react` has been run on. */
  readonly messages: Counter;
  /** Told commands that were answered, rejections and repetitions among them. */
  readonly delivered: Counter;
  readonly rejected: Counter;
  readonly parked: Counter;
}

export function deliveryMetrics(
  metrics: Metrics,
  labels: { readonly service: string; readonly subscription: string },
  read: { readonly lag: () => number; readonly open: () => number; readonly failing: () => number },
): DeliveryMetrics {
  metrics.gauge("atoll_subscription_lag_records", "Records of the publisher's log that are not done with.", labels, read.lag);
  metrics.gauge("atoll_tells_open", "Told commands that are not done with.", labels, read.open);
  metrics.gauge("atoll_tells_failing", "Told commands that failed and are tried again.", labels, read.failing);
  return {
    messages: metrics.counter("atoll_subscription_messages_total", "Messages that a subscription has reacted to.", labels),
    delivered: metrics.counter("atoll_tells_delivered_total", "Told commands that were answered.", labels),
    rejected: metrics.counter("atoll_tells_rejected_total", "Told commands that were answered with a rejection.", labels),
    parked: metrics.counter("atoll_tells_parked_total", "Told commands and messages parked as dead letters.", labels),
  };
}
