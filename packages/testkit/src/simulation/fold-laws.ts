// What must hold between the log and the program: every record is what `decide` says at its place, every snapshot what
// `evolve` makes of the records up to it. Needs the kernel of each entity, which runs here as it does after a crash.
import { Failure } from "@atoll/core";
import { EntityKernel, type AnyEntity, type Outcome, type Verdict } from "@atoll/core/entity";
import { BrokenLaw, type PlacedRecord, type SimulatedImage } from "@atoll/core/journal/simulated";
import { differences } from "../difference.ts";
import { differenceLines } from "../report.ts";
import { errorLine } from "./text.ts";
import type { Witness } from "./stand-in.ts";

type LogRecord = PlacedRecord["record"];
type Snapshot = SimulatedImage["snapshots"][number];

/** What of a snapshot's body is looked at; its form belongs to the entity runtime. */
interface SnapshotBody {
  readonly fingerprint: string;
  readonly version: number;
  readonly state: unknown;
  readonly remembered: { readonly receipts: readonly unknown[] };
}

interface Folded {
  state: unknown;
  version: number;
}

const shownDifferences = 5;
/** Hash, minting time and offset. */
const receiptNumbers = 3;

/** `receiptsMax`: the bound of the entity's service. */
export function checkFolds(
  entity: AnyEntity,
  log: readonly PlacedRecord[],
  snapshots: readonly Snapshot[],
  witness: Witness,
  receiptsMax: number,
): void {
  const kernel = new EntityKernel(entity, true);
  const folds = new Map<string, Folded>();
  const taken = new Map(snapshots.filter(({ type }) => type === kernel.type).map((snapshot) => [placeOf(snapshot), snapshot]));
  for (const entry of log) {
    const { record } = entry;
    if (record.type !== kernel.type) continue;
    let folded = folds.get(record.key);
    if (!folded) folds.set(record.key, (folded = { state: kernel.initial(), version: 0 }));
    checkDecision(kernel, folded, record, witness);
    fold(kernel, folded, record);
    const place = placeOf(entry);
    const snapshot = taken.get(place);
    if (snapshot?.key === record.key) {
      checkSnapshot(kernel, folded, snapshot, receiptsMax);
      taken.delete(place);
    }
  }
  for (const { type, key, partition, offset } of taken.values()) {
    throw new BrokenLaw(
      "snapshot = fold(log)",
      `a snapshot of ${type}/${key} is at partition ${partition}, offset ${offset}, where it has no record`,
    );
  }
}

function checkDecision(kernel: EntityKernel, folded: Folded, record: LogRecord, witness: Witness): void {
  const { type, key, command, now, caller } = record;
  const what = `${command} ${record.id} of ${type}/${key}`;
  const inputs = witness.inputsOf({ type, key, command, version: folded.version, now, caller });
  if (inputs.length === 0)
    throw new BrokenLaw("decide at its place", `${what} was not decided on version ${folded.version}, after which it is in the log`);
  let found: readonly string[] = [];
  for (const input of inputs) {
    const verdict = decided(kernel, folded, { name: command, input, key, now, caller }, what);
    found = differenceLines(differences(asStored(verdict), inLog(record), shownDifferences));
    if (found.length === 0) return;
  }
  throw new BrokenLaw(
    "decide at its place",
    `decide is not pure: ${what}, decided again on the same state, differs from what the log holds\n    ${found.join("\n    ")}`,
  );
}

function decided(kernel: EntityKernel, { state, version }: Folded, question: Parameters<EntityKernel["decide"]>[2], what: string): unknown {
  let verdict: Verdict;
  try {
    verdict = kernel.decide(state, version, question);
  } catch (error) {
    throw new BrokenLaw(
      "decide at its place",
      `decide is not pure: ${what} is in the log, and decided again it fails: ${errorLine(error)}`,
    );
  }
  const { events, topics, alarm, outcome } = verdict;
  return { events, topics, ...(alarm === undefined ? {} : { alarm }), ...outcomeOf(outcome) };
}

function fold(kernel: EntityKernel, folded: Folded, { type, key, id, events, now, caller }: LogRecord): void {
  const before = { ...folded };
  const run = (from: Folded): Folded => {
    let { state, version } = from;
    for (const event of events) {
      version += 1;
      state = kernel.apply(state, event, { key, version, now, caller });
    }
    return { state, version };
  };
  try {
    Object.assign(folded, run(before));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new BrokenLaw("the log can be folded", `the events of ${id} of ${type}/${key} cannot be applied: ${errorLine(error)}`);
  }
  const found = differenceLines(differences(run(before).state, folded.state, shownDifferences));
  if (found.length > 0) {
    throw new BrokenLaw(
      "the log can be folded",
      `evolve is not pure: the events of ${id} of ${type}/${key}, applied twice, differ\n    ${found.join("\n    ")}`,
    );
  }
}

function checkSnapshot(kernel: EntityKernel, folded: Folded, { type, key, offset, body }: Snapshot, receiptsMax: number): void {
  const kept = JSON.parse(body) as SnapshotBody;
  if (kept.fingerprint !== kernel.fingerprint) return;
  const found = differenceLines(differences({ version: kept.version, state: kept.state }, asStored(folded), shownDifferences));
  if (found.length > 0) {
    throw new BrokenLaw(
      "snapshot = fold(log)",
      `the snapshot of ${type}/${key} at offset ${offset} differs from its records\n    ${found.join("\n    ")}`,
    );
  }
  const length = kept.remembered.receipts.length / receiptNumbers;
  if (length > receiptsMax) throw new BrokenLaw("bounds", `${type}/${key} keeps ${length} receipts, ${receiptsMax} are allowed`);
}

/** As it comes back from the disk, which keeps JSON text. */
const asStored = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const outcomeOf = (outcome: Outcome): object =>
  outcome.kind === "reply" ? { reply: outcome.given } : { rejected: [outcome.name, outcome.given] };
/** What of a record `decide` says. */
const inLog = ({ events, topics = [], alarm, reply, rejected }: LogRecord): object => ({
  events,
  topics,
  ...(alarm === undefined ? {} : { alarm }),
  ...(rejected ? { rejected } : { reply }),
});
const placeOf = ({ partition, offset }: { readonly partition: number; readonly offset: number }): string => `${partition}.${offset}`;
