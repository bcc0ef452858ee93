// What must hold between those who tell and those who are told: every message of a topic, and whatever handlers told, has
// reached each entity that it is for once and in order, or is parked. What had to be told is computed here once more, from the
// log of the publisher.
import { Failure, type System } from "@atoll/core";
import { BrokenLaw, placedRecords, type PlacedRecord, type SimulatedDisk } from "@atoll/core/journal/simulated";
import { placeOf, Reaction, streamOf, type AnySubscription, type ToldCommand } from "@atoll/core/subscription";

/** A command that had to be told; without a target, something that had to be parked. */
interface Due {
  /** `contract/key`. */
  readonly target: string | undefined;
  readonly command: string;
}

type DueOf = (record: PlacedRecord["record"]) => readonly Due[];

/** What is in the log, by stream and target. */
type Lanes = Map<string, { readonly place: number; readonly command: string }[]>;

const laneOf = (stream: string, target: string): string => `${stream} to ${target}`;

/** For every subscription of the system, and what its handlers told. Once everything told is done with. */
export function checkTold(system: System, disk: SimulatedDisk): void {
  const homes = new Map(system.services.flatMap(({ name, parts }) => parts.map((part) => [part.contract.$.name, { name, part }] as const)));
  const told: Lanes = new Map();
  const letters = new Set<string>();
  for (const { name } of system.services) {
    for (const { record } of placedRecords(disk.rows(name))) {
      if (!record.told) continue;
      const [stream, place] = record.told;
      const lane = laneOf(stream, `${record.type}/${record.key}`);
      const before = told.get(lane) ?? [];
      if (place <= (before.at(-1)?.place ?? -1))
        throw new BrokenLaw("told in order", `${lane}: place ${place} is in the log after ${before.at(-1)?.place}`);
      told.set(lane, [...before, { place, command: record.command }]);
    }
    for (const { stream, place } of disk.image(name)?.deadLetters ?? []) letters.add(`${stream} ${place}`);
  }
  for (const { name, subscriptions } of system.services)
    for (const part of subscriptions) {
      const home = homes.get(part.topic.contract.$.name);
      if (home) checkStreams(name, part.name, home.name, dueOfTopic(part), part.from === "now");
    }
  for (const { name } of system.services) checkStreams(name, "$outbox", name, dueOfOutbox, false);
  const left = [...told].find(([, entries]) => entries.length > 0);
  if (left) throw new BrokenLaw("told what was published", `${left[0]}: ${left[1].map(({ command }) => command).join(", ")}`);

  function checkStreams(teller: string, subscription: string, publisher: string, due: DueOf, late: boolean): void {
    const image = disk.image(publisher);
    if (!image) return;
    for (const { partition, offset, record } of placedRecords(disk.rows(publisher))) {
      const stream = streamOf(teller, subscription, { service: publisher, ...image.meta }, partition);
      const before = new Map<string, number>();
      for (const [index, one] of due(record).entries()) {
        const { target = "" } = one;
        const n = before.get(target) ?? 0;
        before.set(target, n + 1);
        checkDue(one, stream, { place: placeOf(offset, index), mark: placeOf(offset, n) }, late);
      }
    }
  }

  /** `place` names its dead letter, `mark` is what its target remembers. */
  function checkDue({ target, command }: Due, stream: string, at: { readonly place: number; readonly mark: number }, late: boolean): void {
    const what = `${command} to ${target ?? "?"}, place ${at.place} of ${stream}`;
    const lane = target === undefined ? undefined : told.get(laneOf(stream, target));
    const found = lane?.[0]?.place === at.mark ? lane.shift() : undefined;
    const parked = letters.has(`${stream} ${at.place}`);
    if (found && parked) throw new BrokenLaw("told or parked", `${what} is in the log and parked`);
    if (found && found.command !== command) throw new BrokenLaw("told what was published", `${what} is in the log as ${found.command}`);
    if (found || parked || late) return;
    const home = target === undefined ? undefined : homes.get(target.slice(0, target.indexOf("/")));
    if (target !== undefined && home?.part.kind !== "entity") return; // others leave no record
    throw new BrokenLaw("nothing told is lost", `${what} is neither in the log nor parked`);
  }
}

function dueOfTopic({ name, topic, react }: AnySubscription): DueOf {
  const reaction = new Reaction(name, react);
  return ({ type, topics = [] }) =>
    topics.flatMap(([published, data]): readonly Due[] => {
      if (type !== topic.contract.$.name || published !== topic.name) return [];
      try {
        return reaction.commands(topic.check(data)).map(dueOf);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return [{ target: undefined, command: topic.name }];
      }
    });
}

const dueOfOutbox: DueOf = ({ type, events }) =>
  type !== "$outbox"
    ? []
    : events.map(([, , data]): Due => {
        const { contract, key = "", command } = data as { readonly contract: string; readonly key?: string; readonly command: string };
        return { target: `${contract}/${key}`, command };
      });

function dueOf({ to, key }: ToldCommand): Due {
  const { name, checkKey } = to.contract.$;
  try {
    return { target: `${name}/${checkKey(key)}`, command: to.name };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { target: undefined, command: to.name };
  }
}
