// What @atoll/core/subscription publishes.
export { subscription, type AnySubscription, type Subscription, type SubscriptionOptions } from "./definition.ts";
export { Cursors, type CursorStore } from "./cursors.ts";
export { type Order, type Send } from "./deliverer.ts";
export { Delivery, type DeliveryInit } from "./delivery.ts";
export { subscriptionLimits, type SubscriptionLimits } from "./limits.ts";
export { Reaction } from "./reaction.ts";
export { letterId, offsetOf, placeOf, sourcePartitionOf, streamOf, tellsPerRecordMax } from "./stream.ts";
export { TellBooks, type ToldCommand } from "./tell.ts";
