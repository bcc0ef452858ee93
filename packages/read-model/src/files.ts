// Which files of a read model there are, and which of them is the one to answer: read at a start, before anything is applied.
import { Failure } from "@atoll/core/extension";
import { TableError, type TableStore } from "@atoll/core/tables";
import { type Generation, generationOf, ModelFile, standingOf, type StoredModel } from "./model-file.ts";

export interface NamedGeneration extends Generation {
  readonly name: string;
}

/** Newest first. */
export async function generationsOf(tables: TableStore, service: string, contract: string): Promise<readonly NamedGeneration[]> {
  const named = (await tables.names(service)).flatMap((name): readonly NamedGeneration[] => {
    const generation = generationOf(name);
    return generation?.contract === contract ? [{ name, ...generation }] : [];
  });
  return named.sort((a, b) => b.version - a.version || b.generation - a.generation);
}

export interface FindFiles {
  readonly tables: TableStore;
  readonly service: string;
  readonly contract: string;
  readonly version: number;
  /** Fingerprint that a file must have been made by. */
  readonly definition: string;
  readonly sources: readonly string[];
  readonly at: string;
  readonly damaged: (name: string, error: TableError) => void;
}

export interface FoundFile {
  readonly file: ModelFile;
  readonly stored: StoredModel;
  readonly generation: number;
}

export interface FoundFiles {
  readonly live: FoundFile | undefined;
  readonly building: FoundFile | undefined;
  readonly generationMax: number;
}

/**
 * Opens the newest finished generation and the newest unfinished one above it; everything else of this version is removed. If there
 * is a finished one, nothing of another version answers any more. INVALID_DEFINITION if it was made by another definition. Rejects
 * with a `TableError` if the medium fails; then nothing is open.
 */
export async function findFiles(find: FindFiles): Promise<FoundFiles> {
  const { tables, service, contract, version, definition } = find;
  const own = (await generationsOf(tables, service, contract)).filter((found) => found.version === version);
  let live: FoundFile | undefined;
  let building: FoundFile | undefined;
  try {
    for (const { name, generation } of own) {
      const found = live ? undefined : await openFile(find, name, generation);
      if (found === "damaged") continue;
      if (found?.stored.definition === definition && found.stored.state === "live") live = found;
      else if (found?.stored.definition === definition && !building) building = found;
      else {
        await found?.file.close();
        if (found?.stored.state === "live") throw changed(find);
        await tables.remove(service, name);
      }
    }
    if (live) await silence(find, { contract, version, generation: live.generation });
  } catch (error) {
    await live?.file.close();
    await building?.file.close();
    throw error;
  }
  return { live, building, generationMax: own[0]?.generation ?? 0 };
}

/**
 * Before a generation answers: nobody reads what else there is, in whatever process (D2 of reader.ts). Older files are removed, but
 * for `old`, which is open; those of higher versions are kept for the program that made them, and say that they are replaced.
 * Rejects with a `TableError`.
 */
export async function silence(
  { tables, service, damaged }: Pick<FindFiles, "tables" | "service" | "damaged">,
  { contract, version, generation }: Generation,
  old?: string,
): Promise<void> {
  for (const other of await generationsOf(tables, service, contract)) {
    if (other.version > version) await tellReplaced(tables, service, other.name, damaged);
    else if ((other.version < version || other.generation < generation) && other.name !== old) await tables.remove(service, other.name);
  }
}

async function tellReplaced(tables: TableStore, service: string, name: string, damaged: FindFiles["damaged"]): Promise<void> {
  let file: ModelFile | undefined;
  try {
    file = await ModelFile.open(tables, service, name);
    if ((await standingOf(file))?.state === "live") await file.goReplaced();
  } catch (error) {
    if (!(error instanceof TableError) || error.kind !== "damaged") throw error;
    damaged(name, error);
  } finally {
    await file?.close();
  }
}

/** Undefined if it is empty: it was being made when its process died. */
async function openFile(
  { tables, service, sources, damaged }: FindFiles,
  name: string,
  generation: number,
): Promise<FoundFile | "damaged" | undefined> {
  let file: ModelFile | undefined;
  try {
    file = await ModelFile.open(tables, service, name);
    const stored = await file.load(sources);
    if (stored) return { file, stored, generation };
    await file.close();
    return undefined;
  } catch (error) {
    await file?.close();
    if (!(error instanceof TableError) || error.kind !== "damaged") throw error;
    damaged(name, error);
    return "damaged";
  }
}

const changed = ({ version, at }: FindFiles): Failure =>
  new Failure("INVALID_DEFINITION", {
    what: `its tables or sources are not those that version ${version} was made with: raise \`version\`, and it is built anew beside the old one`,
    at,
  });
