// What the mistakes need of packages above core. Only these type tests look upwards: they hold the promise of the whole
// programming model, whichever package keeps it.
export { feed, route } from "@atoll/gateway";
export { readModel, tables } from "@atoll/read-model";
export { given } from "@atoll/testkit";
