// P1, P2, P6: whatever happens to process, medium and source, the read model comes to be the fold of its log.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { foldOf, totalOf } from "./fold-under-test.ts";
import { History } from "./shop-under-test.ts";
import { virtually, type VirtualReadModel } from "./virtual-under-test.ts";

const keys = ["a", "b", "c", "d", "e"];

type Step =
  | { readonly kind: "append"; readonly key: string; readonly events: readonly (readonly [string, unknown])[] }
  | { readonly kind: "pause"; readonly ms: number }
  | { readonly kind: "crash" }
  | { readonly kind: "source fails" }
  | { readonly kind: "rebuild" };

const placed = fc.record({ customer: fc.constantFrom("u", "v", "x\u0000y"), cents: fc.integer({ min: -5, max: 5 }) });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      key: fc.constantFrom(...keys),
      events: fc.array(
        fc.oneof(
          placed.map((data) => ["Placed", data] as const),
          fc.integer({ min: 1, max: 5 }).map((by) => ["Changed", { by }] as const),
          fc.constant(["Cancelled", {}] as const),
          fc.constant(["Viewed", {}] as const),
        ),
        { maxLength: 3 },
      ),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("pause" as const), ms: fc.integer({ min: 0, max: 30 }) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "crash" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "source fails" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "rebuild" }) },
);

/** Placing an order that is there already is refused by SQLite, which is not what this is about. */
function append({ log }: VirtualReadModel, key: string, events: readonly (readonly [string, unknown])[]): void {
  let open = foldOf(log).some(({ id }) => id === key);
  const possible = events.filter(([name]) => {
    if (name === "Placed" && open) return false;
    if (name === "Placed") open = true;
    if (name === "Cancelled") open = false;
    return true;
  });
  log.append(key, ...possible);
}

test("projector: the read model is the fold of its log, whatever batches, crashes and failures come between", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(0, 0.2),
      (steps, seed, batchEventsMax, faulty) =>
        virtually(
          async (running) => {
            const { log, tables } = running;
            log.pageRecords = 1 + (seed % 4);
            await running.open();
            tables.faults = { failed: faulty, ambiguous: faulty };
            for (const next of steps) {
              if (next.kind === "append") append(running, next.key, next.events);
              else if (next.kind === "pause") await running.pause(next.ms);
              else if (next.kind === "source fails") log.failures.push(new TypeError("planted"));
              else if (next.kind === "crash") await running.crash();
              else await running.host.host.control.rebuild().catch(() => undefined); // the medium may fail just then
            }
            tables.faults = { failed: 0, ambiguous: 0 };
            await running.host.caughtUp(log);
            assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(log)));
            await running.host.close();
            assert.deepEqual(running.rows(), foldOf(log));
            assert.deepEqual(running.host.host.control.parked(), []);
          },
          { seed, limits: { batchEventsMax, caughtUpRecords: 0, idleRecordsMax: 5 } },
        ),
    ),
    { numRuns: 150 },
  ));

test("projector: records that hold nothing for it move its position, and are not read again from the beginning", () =>
  virtually(
    async (running) => {
      await running.open();
      for (let i = 0; i < 500; i++) running.log.append("a");
      await running.host.caughtUp(running.log);
      const before = running.log.reads;
      await running.crash();
      await running.host.caughtUp(running.log);
      assert(running.log.reads - before < 20, "it went on near the head");
    },
    { limits: { idleRecordsMax: 100 } },
  ));
