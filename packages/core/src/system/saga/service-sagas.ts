// The sagas of one service: brought up beside its entities, on the same log, and refused if a running one would have lost
// the definition that it runs by.
import type { Implementation } from "../../contract/index.ts";
import { EntityHost, type EntityHostInit } from "../../entity/index.ts";
import type { Message, Session } from "../../mailbox/index.ts";
import type { AnySaga } from "../../saga/index.ts";
import type { AddressBooks } from "../address-book.ts";
import { SagaHost } from "./host.ts";
import { sagaJournal } from "./journal.ts";
import { sagaLimits, type SagaLimits } from "./limits.ts";
import { checkVersions } from "./versions.ts";

export interface ServiceSagasInit extends Omit<EntityHostInit, "entity"> {
  readonly parts: readonly Implementation[];
  readonly books: AddressBooks;
  readonly heads: () => Promise<Session>;
  readonly sagas: Partial<SagaLimits> | undefined;
  /** Takes back what cannot be served here. */
  readonly returned: (message: Message) => void;
}

export interface OpenSagas {
  readonly host: SagaHost;
  readonly journal: EntityHost;
}

/** Fails with a `Failure` SAGA_VERSION_MISSING, or JOURNAL_*. */
export async function openSagas({
  parts,
  books,
  heads,
  sagas: given,
  returned,
  ...common
}: ServiceSagasInit): Promise<readonly OpenSagas[]> {
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
    const { service, writer, runtime, deadlines } = common;
    const limits = { ...sagaLimits, ...given };
    const host = new SagaHost({ service, sagas, part, journal, writer, runtime, deadlines, returned, books, heads, limits });
    await checkVersions(host);
    open.push({ host, journal });
  }
  return open;
}
