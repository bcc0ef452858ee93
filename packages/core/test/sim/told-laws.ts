// What must hold of tells after every run, whatever was done to it: the logs of those who tell against the logs of those who
// were told, and the dead letters. Each law throws for the first thing that it finds.
import { BrokenLaw, placedRecords, type PlacedRecord, type SimulatedDisk } from "@atoll/core/journal/simulated";
import { isBroken, isRejected, poisoned, traceIdOf } from "./tells.ts";

interface Word {
  readonly from: string;
  readonly n: number;
}

/** By stream and sink, in the order of the teller's log. */
type Words = Map<string, string[]>;

const textOf = ({ from, n }: Word): string => `${from}:${n}`;
const laneOf = (stream: string, key: string): string => `${stream} to ${key}`;

function add(words: Words, lane: string, word: Word): void {
  const known = words.get(lane);
  if (known) known.push(textOf(word));
  else words.set(lane, [textOf(word)]);
}

/** What has to be told, by the logs of the tellers. */
function toTell(disk: SimulatedDisk): Words {
  const words: Words = new Map();
  const streamOf = (teller: string, publisher: string, partition: number): string =>
    `${teller}@${disk.image(publisher)?.meta.logId}.1/${partition}`;
  for (const { partition, record } of placedRecords(disk.rows("sources")))
    for (const [, data] of record.topics ?? []) {
      const { to, ...word } = data as Word & { readonly to: readonly string[] };
      for (const key of to) add(words, laneOf(streamOf("sinks/hear", "sources", partition), key), word);
    }
  for (const { partition, record } of placedRecords(disk.rows("desk")))
    for (const [, , data] of record.events) {
      const { key, input } = data as { readonly key: string; readonly input: Word };
      add(words, laneOf(streamOf("desk/$outbox", "desk", partition), key), input);
    }
  return words;
}

/** What has been told, by the log of the sinks. */
function told(log: readonly PlacedRecord[]): Words {
  const words: Words = new Map();
  const marks = new Map<string, number>();
  for (const { record } of log) {
    if (!record.told) throw new BrokenLaw("told", `${record.command} ${record.id} of ${record.key} came by no tell`);
    const [stream, place] = record.told;
    const lane = laneOf(stream, record.key);
    if (place <= (marks.get(lane) ?? -1)) throw new BrokenLaw("places rise", `${lane}: ${place} follows ${marks.get(lane)}`);
    marks.set(lane, place);
    const word = (record.rejected?.[1] ?? record.events[0]?.[2]) as Word;
    // Its record has the trace because it publishes; one of a rejection does not.
    if (!record.rejected && record.trace?.slice(3, 35) !== traceIdOf(word.n))
      throw new BrokenLaw("in the trace of its teller", `${lane}: ${textOf(word)} came in ${record.trace}`);
    add(words, lane, word);
  }
  return words;
}

/** D1 to D4: to each sink exactly what was published for it, in that order, or parked; and parked only what it cannot hear. */
export function checkTold(disk: SimulatedDisk): void {
  const heard = told(placedRecords(disk.rows("sinks")));
  const parked: Words = new Map();
  for (const letter of [...(disk.image("sinks")?.deadLetters ?? []), ...(disk.image("desk")?.deadLetters ?? [])]) {
    const word = JSON.parse(letter.input) as Word;
    const lane = laneOf(letter.stream, letter.key);
    if (!isBroken(word.n) && letter.key !== poisoned && letter.code !== "QUARANTINED")
      throw new BrokenLaw(
        "parked for a reason",
        `${lane}: ${textOf(word)} could have been heard${isRejected(word.n) ? ", and rejected" : ""}`,
      );
    add(parked, lane, word);
  }
  const all = toTell(disk);
  for (const lane of heard.keys()) if (!all.has(lane)) throw new BrokenLaw("told what was published", `${lane}: nothing was published`);
  for (const [lane, words] of all) checkLane(lane, words, heard.get(lane) ?? [], parked.get(lane) ?? []);
}

function checkLane(lane: string, words: readonly string[], heard: readonly string[], parked: readonly string[]): void {
  const aside = [...parked];
  let next = 0;
  for (const word of words) {
    if (heard[next] === word) {
      next += 1;
      continue;
    }
    const letter = aside.indexOf(word);
    if (letter < 0) {
      const count = (of: readonly string[]): number => of.filter((one) => one === word).length;
      const law = count(heard) + count(parked) < count(words) ? "nothing lost" : "in order";
      throw new BrokenLaw(law, `${lane}: ${heard[next] ?? "nothing"} was heard where ${word} was published`);
    }
    aside.splice(letter, 1);
  }
  if (next < heard.length) {
    const twice = words.includes(heard[next] as string);
    throw new BrokenLaw(twice ? "told once" : "told what was published", `${lane}: ${heard[next]} was heard, and is left over`);
  }
  if (aside.length > 0) throw new BrokenLaw("told or parked", `${lane}: ${aside.join(", ")} is parked besides`);
}
