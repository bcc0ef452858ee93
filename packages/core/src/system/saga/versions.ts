// Which versions of a saga are needed. A register in its journal, under a key that no saga can have, keeps which were ever defined, so
// that reading every saga at work, which takes its time, is done only when a version has gone that was there before.
//
//  SV1  refused      A node does not start if a saga at work runs by a version that it lacks. Where it owns the partition of
//                    the register, as the only instance of a service does, that is exact. Else it goes by what the index knows, about
//                    a second behind, of the register and of the sagas.
//  SV2  kept         Whoever acquires the partition of the register adds the versions defined there, and takes out those that nobody
//                    defines and no saga runs by.
//
// Not held: a version that only an instance without that partition defines is registered when the partition comes to one that
// defines it; if nobody does, until all of them are gone, the sagas by it are not missed at the next start. And a partition may come to a
// node that lacks the version of a saga in it. In both cases the saga stands still, shows in lists and in the log
// (saga.version_missing), and goes on where its version is defined.
import { Failure } from "../../base/failure.ts";
import { type EntityKernel, peek } from "../../entity/index.ts";
import type { LogWriter } from "../../journal/index.ts";
import { alarmsOf } from "./alarms.ts";
import type { StoredSaga } from "./journal.ts";

export const registerKey = "";

/** The sagas of one contract, as far as versions are concerned. */
export interface VersionedSagas {
  readonly service: string;
  readonly name: string;
  readonly writer: LogWriter;
  /** Of the definitions that are here. */
  readonly versions: readonly number[];
  /** Of their journal. */
  readonly kernel: EntityKernel;
  serves(key: string): boolean;
  stateOf(key: string): Promise<StoredSaga>;
  register(versions: readonly number[]): Promise<void>;
}

/** Once, at start (SV1). Rejects with a `Failure` SAGA_VERSION_MISSING, or with what the journal fails with. */
export async function checkVersions(sagas: VersionedSagas): Promise<void> {
  const known = await registeredIn(sagas);
  const gone = goneOf(known, sagas);
  const running = gone.length > 0 ? await atWorkBy(gone, sagas) : new Map<number, number>();
  const [version, count] = [...running].sort(([a], [b]) => a - b)[0] ?? [];
  if (version !== undefined) {
    const { versions, service, name } = sagas;
    const what = `${count} of them ${count === 1 ? "runs" : "run"} by version ${version}, and defined ${versions.length === 1 ? "is" : "are"} ${versions.join(", ")}`;
    throw new Failure("SAGA_VERSION_MISSING", { what, at: `service "${service}", saga ${name}` });
  }
  if (sagas.serves(registerKey)) await register(sagas, known, gone);
}

/** The register has come to this node (SV2). Rejects with a `Failure`. */
export async function keepVersions(sagas: VersionedSagas): Promise<void> {
  const known = await registeredIn(sagas);
  const gone = goneOf(known, sagas);
  const running = gone.length > 0 ? await atWorkBy(gone, sagas) : new Map<number, number>();
  await register(
    sagas,
    known,
    gone.filter((version) => !running.has(version)),
  );
}

async function register(sagas: VersionedSagas, known: readonly number[], gone: readonly number[]): Promise<void> {
  const stay = [...new Set([...sagas.versions, ...known.filter((version) => !gone.includes(version))])].sort((a, b) => a - b);
  if (stay.join() !== [...known].sort((a, b) => a - b).join()) await sagas.register(stay);
}

const registeredIn = async (sagas: VersionedSagas): Promise<readonly number[]> =>
  (await storedOf(sagas, registerKey))?.state.versions ?? [];

const goneOf = (known: readonly number[], { versions }: VersionedSagas): readonly number[] =>
  known.filter((version) => !versions.includes(version));

async function atWorkBy(versions: readonly number[], sagas: VersionedSagas): Promise<Map<number, number>> {
  const running = new Map<number, number>();
  for await (const { key } of alarmsOf(sagas.writer, sagas.name)) {
    const state = (await storedOf(sagas, key))?.state;
    if (state && state.phase !== "ended" && versions.includes(state.version))
      running.set(state.version, (running.get(state.version) ?? 0) + 1);
  }
  return running;
}

/** What the journal says, wherever its partition is owned; undefined of one that cannot be read, which cannot run either. */
async function storedOf(sagas: VersionedSagas, key: string): Promise<StoredSaga | undefined> {
  if (sagas.serves(key)) return sagas.stateOf(key);
  const { writer, kernel } = sagas;
  return (await peek(writer, kernel, key)) as StoredSaga | undefined;
}
