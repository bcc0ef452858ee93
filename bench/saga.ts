// Sagas of three steps, from the start command to its answer, beside the records that they leave: written to a bare table,
// group-committed as ours are. Steps of handlers leave none of their own; steps of entities leave one each. With `--peers`, the
// sagas of handlers' steps stand beside the same workflow of what users would pick instead (peers/).
import { join } from "node:path";
import * as z from "zod";
import { contract, saga, service, start, system, type Running } from "@atoll/core";
import { Metrics } from "@atoll/core/runtime";
import { BareSqlite } from "./bare-disk.ts";
import type { Room } from "./benchmark.ts";
import { askDuring } from "./callers.ts";
import { Costs } from "./costs.ts";
import { Adder, adder, Counter, counter } from "./counter.ts";
import { troubleLogger } from "./trouble-logger.ts";
import { beside, interleave, Latencies, type Row, type Sample, type Side } from "./measure.ts";
import { openPeers, type PeerLoad, type PeerSide } from "./peers/beside-ours.ts";

const total = z.object({ total: z.int() });
const Trip = contract("trip", { version: 1, key: z.string(), access: { go: "any" }, commands: { go: { out: total } } });
const Tour = contract("tour", { version: 1, key: z.string(), access: { go: "any" }, commands: { go: { out: total } } });

/** Three steps of handlers. */
const trip = saga(Trip.go, 1, async (run) => {
  const a = await run.step("one", (at) => at(Adder).add({ by: 1 }), { undo: () => Promise.resolve() });
  const b = await run.step("two", (at) => at(Adder).add({ by: a.total }), { undo: () => Promise.resolve() });
  return run.step("three", (at) => at(Adder).add({ by: b.total }));
});

/** Three steps of entities, each of another one. */
const tour = saga(Tour.go, 1, async (run) => {
  const undo = (): Promise<void> => Promise.resolve();
  await run.step("one", (at) => at(Counter, `${run.key}a`).add({ by: 1 }), { undo });
  await run.step("two", (at) => at(Counter, `${run.key}b`).add({ by: 2 }), { undo });
  return run.step("three", (at) => at(Counter, `${run.key}c`).add({ by: 3 }));
});

/** Started; each step's result, the last one with the end. */
const recordsOfTrip = 4;
const recordsOfTour = recordsOfTrip + 3;
const inFlight = 100;

export async function measureSagas(room: Room): Promise<readonly Row[]> {
  const { quick, rounds, directory } = room;
  const ms = quick ? 300 : 2_000;
  await using peers = await openPeers("saga", room);
  const peers1 = peers.load(1, ms);
  const peers100 = peers.load(inFlight, 2 * ms);
  await using sqlite = new BareSqlite(directory);
  const metrics = new Metrics();
  await using running = await startTrips(join(directory, "data"), metrics);
  let key = 0;
  const next = (): string => `s${(key += 1)}`;
  const sides = {
    trip1: measured(ms, 1, metrics, () => running.at(Trip, next()).go()),
    trip100: measured(ms, inFlight, metrics, () => running.at(Trip, next()).go()),
    tour1: measured(ms, 1, metrics, () => running.at(Tour, next()).go()),
    tour100: measured(ms, inFlight, metrics, () => running.at(Tour, next()).go()),
  };
  const bare =
    (batch: number): Side =>
    () =>
      sqlite.run({ batch, ms: ms / 2 });
  const samples = await interleave<"bare1" | "bare100" | keyof typeof sides | PeerSide>(rounds, {
    bare1: bare(1),
    trip1: sides.trip1.run,
    ...peers1.sides,
    tour1: sides.tour1.run,
    bare100: bare(inFlight),
    trip100: sides.trip100.run,
    ...peers100.sides,
    tour100: sides.tour100.run,
  });
  const row = (name: string, side: keyof typeof sides, records: number, of: Sample, aim?: Row["aim"]): Row => {
    const sample: Sample = { rounds: of.rounds.map((rate) => rate / records), median: of.median / records };
    const figures: Row = {
      name,
      unit: "/s",
      ours: samples[side],
      bare: beside({ [`SQLite, ${records} records`]: sample }),
      details: { ...sides[side].times.details(), ...sides[side].costs.details() },
    };
    return aim ? { ...figures, aim } : figures;
  };
  const besidePeers = (ours: Row, load: PeerLoad): Row => ({
    ...ours,
    bare: [...ours.bare, ...load.beside(samples)],
    absent: peers.absent,
  });
  const alone = row("saga of three handlers' steps, alone", "trip1", recordsOfTrip, samples.bare1, { kind: "at-least", value: 400 });
  const busy = row("saga of three handlers' steps, 100 in flight", "trip100", recordsOfTrip, samples.bare100, {
    kind: "at-least",
    value: 10_000,
  });
  return [
    besidePeers(alone, peers1),
    besidePeers(busy, peers100),
    row("saga of three entities' steps, alone", "tour1", recordsOfTour, samples.bare1, { kind: "at-least", value: 400 }),
    row("saga of three entities' steps, 100 in flight", "tour100", recordsOfTour, samples.bare100, { kind: "at-least", value: 10_000 }),
  ];
}

function startTrips(data: string, metrics: Metrics): Promise<Running> {
  const services = [service("counter", [counter]), service("adder", [adder]), service("trips", [trip, tour])];
  return start(system("bench", { services }), { data, mode: "production", logger: troubleLogger, metrics });
}

interface Measured {
  readonly run: Side;
  readonly times: Latencies;
  readonly costs: Costs;
}

function measured(ms: number, callers: number, metrics: Metrics, ask: () => Promise<unknown>): Measured {
  const times = new Latencies();
  const costs = new Costs(metrics);
  return {
    times,
    costs,
    run(round) {
      times.startRound(round);
      return costs.ofRound(round, () => askDuring(ms, callers, ask, times));
    },
  };
}
