// Processes in a virtual world that read what the one under test projects.
import { Session } from "@atoll/core/extension";
import type { TableStore } from "@atoll/core/tables";
import { ReaderUnderTest } from "./reader-under-test.ts";
import { History, historyOf } from "./shop-under-test.ts";
import type { VirtualReadModel } from "./virtual-under-test.ts";

export interface ReaderOptions {
  readonly version?: number;
  readonly model?: unknown;
  readonly timeline?: number;
  readonly tables?: (store: TableStore) => TableStore;
}

let orders = 0;
let readers = 0;
export function place(running: VirtualReadModel, count: number): void {
  for (let i = 0; i < count; i++) running.log.append(`o${(orders += 1)}`, ["Placed", { customer: "u", cents: 1 }]);
}

/** A host is opened, and has projected so many orders. */
export async function projected(running: VirtualReadModel, count: number, model?: Parameters<VirtualReadModel["open"]>[0]): Promise<void> {
  await running.open(model);
  place(running, count);
  await running.host.caughtUp(running.log);
}

export function readerOf(
  running: VirtualReadModel,
  { version = 1, model = historyOf(version), tables = (store) => store, ...how }: ReaderOptions = {},
): ReaderUnderTest {
  const runtime = running.world.process(`reader-${(readers += 1)}`);
  const source = running.log.source();
  const log = { ...source.log, ...how };
  return new ReaderUnderTest({
    model,
    service: "shop",
    runtime,
    tables: tables(running.tables.store(runtime)),
    source: () => Promise.resolve({ ...source, log }),
    host: (message) => running.host.host.receive(message),
  });
}

export const ordersOf = async (
  of: { value(to: unknown, input?: unknown, session?: Session): Promise<unknown> },
  session?: Session,
): Promise<number> => ((await of.value(History.total, undefined, session)) as { readonly orders: number }).orders;

export const seen = ({ log }: VirtualReadModel): Session => {
  const session = new Session();
  session.sawHeads(
    log.source().log,
    log.partitions.map((records) => records.length),
  );
  return session;
};
