// The sagas of one service: brought up beside its entities, on the same log, and refused if a running one would have lost
// the definition that it runs by.
import { Failure } from "../../base/failure.ts";
import type { Implementation } from "../../contract/index.ts";
import { EntityHost, type EntityHostInit } from "../../entity/index.ts";
import type { Session } from "../../mailbox/index.ts";
import type { AnySaga } from "../../saga/index.ts";
import type { AddressBooks } from "../address-book.ts";
import { alarmsOf } from "./alarms.ts";
import { SagaHost } from "./host.ts";
import { sagaJournal } from "./journal.ts";
import { sagaLimits, type SagaLimits } from "./limits.ts";

export interface ServiceSagasInit extends Omit<EntityHostInit, "entity"> {
  readonly parts: readonly Implementation[];
  readonly books: AddressBooks;
  readonly heads: () => Promise<Session>;
  readonly sagas: Partial<SagaLimits> | undefined;
}

export interface OpenSagas {
  readonly host: SagaHost;
  readonly journal: EntityHost;
}

/** Fails with a `Failure` SAGA_VERSION_MISSING, or JOURNAL_*. */
export async function openSagas({ parts, books, heads, sagas: given, ...common }: ServiceSagasInit): Promise<readonly OpenSagas[]> {
  const byContract = new Map<string, AnySaga[]>();
  for (const saga of parts.filter((part): part is AnySaga => part.kind === "saga")) {
    const { name } = saga.contract.$;
    const others = byContract.get(name);
    if (others) others.push(saga);
    else byContract.set(name, [saga]);
  }
  const open: OpenSagas[] = [];
  for (const sagas of byContract.values()) {
    const part = sagaJournal((sagas[0] as AnySaga).contract);
    const journal = new EntityHost({ ...common, entity: part });
    const { service, runtime, deadlines } = common;
    const host = new SagaHost({ service, sagas, part, journal, runtime, deadlines, books, heads, limits: { ...sagaLimits, ...given } });
    await checkVersions(host, common);
    open.push({ host, journal });
  }
  return open;
}

/** Reading every running saga takes its time, so it is done only when a version has gone that was there at an earlier start. */
async function checkVersions(host: SagaHost, { writer }: Pick<EntityHostInit, "writer">): Promise<void> {
  const known = await host.registered();
  const { versions } = host;
  const gone = known.filter((version) => !versions.includes(version));
  if (gone.length > 0) {
    const running = new Map<number, number>();
    for await (const { key } of alarmsOf(writer, host.name)) {
      const { state } = await host.stateOf(key);
      if (state.phase !== "ended" && gone.includes(state.version)) running.set(state.version, (running.get(state.version) ?? 0) + 1);
    }
    const [version, count] = [...running].sort(([a], [b]) => a - b)[0] ?? [];
    if (version !== undefined) {
      const what = `${count} of them ${count === 1 ? "runs" : "run"} by version ${version}, and defined ${versions.length === 1 ? "is" : "are"} ${versions.join(", ")}`;
      throw new Failure("SAGA_VERSION_MISSING", { what, at: `service "${host.service}", saga ${host.name}` });
    }
  }
  const stay = [...new Set([...versions, ...known.filter((version) => !gone.includes(version))])].sort((a, b) => a - b);
  if (stay.join() !== [...known].sort((a, b) => a - b).join()) await host.register(stay);
}
