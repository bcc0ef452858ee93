// Read models of a running system: the verbs that its process offers on the control socket, and the commands' side of them.
import type { ParkedEntity, ReadModelStatus, Retried, Running } from "@atoll/core";
import { setTimeout as pause } from "node:timers/promises";
import { CommandError } from "./command-error.ts";
import { askRunning, type Asked } from "./control-client.ts";
import type { Verbs } from "./control-server.ts";

const list = "GET /read-models";
const parked = "GET /read-models/parked";
const retry = "POST /read-models/retry";
const rebuild = "POST /read-models/rebuild";

/** More than anybody reads; what bounds an answer. */
const listedMax = 1_000;

interface ParkedListing {
  readonly entries: readonly ParkedEntity[];
  /** Above the number of entries when not all are listed. */
  readonly total: number;
}

/** A retry that takes longer than this is answered with a number, under which its end can be waited for. */
const answerWithinMs = 5_000;
/** Retries whose end nobody has asked for yet; of more, the oldest is forgotten. */
const openRetriesMax = 16;

type RetryAnswer = Retried | { readonly pending: number };

/** Retries under way, by number. */
class OpenRetries {
  readonly #open = new Map<number, Promise<Retried>>();
  #last = 0;

  async begin(work: Promise<Retried>): Promise<RetryAnswer> {
    const number = (this.#last += 1);
    work.catch(() => undefined); // whoever waits for it is told
    this.#open.set(number, work);
    if (this.#open.size > openRetriesMax) this.#open.delete(number - openRetriesMax);
    return this.wait(number);
  }

  async wait(number: number): Promise<RetryAnswer> {
    const work = this.#open.get(number);
    if (!work) throw new CommandError("there is no such retry under way any more");
    const late = new AbortController();
    const pending = pause(answerWithinMs, { pending: number }, { signal: late.signal }).catch(() => ({ pending: number }));
    try {
      const answer = await Promise.race([work, pending]);
      if (!("pending" in answer)) this.#open.delete(number);
      return answer;
    } finally {
      late.abort();
    }
  }
}

export function readModelVerbs({ readModels }: Pick<Running, "readModels">): Verbs {
  const named = (input: unknown): { readonly service: string; readonly readModel: string; readonly key: string | undefined } => {
    const { service, readModel, key } = (input ?? {}) as {
      readonly service?: unknown;
      readonly readModel?: unknown;
      readonly key?: unknown;
    };
    if (typeof service !== "string" || typeof readModel !== "string" || (key !== undefined && typeof key !== "string"))
      throw new CommandError("a service and a read model are named");
    const all = readModels.list();
    if (!all.some((found) => found.service === service && found.readModel === readModel)) {
      const names = all.map((found) => `${found.service} ${found.readModel}`).join(", ");
      throw new CommandError(`service "${service}" has no read model "${readModel}" here; there are: ${names || "none"}`, {
        elsewhere: true,
      });
    }
    return { service, readModel, key };
  };
  const retries = new OpenRetries();
  return {
    [list]: () => readModels.list(),
    [parked]: (): ParkedListing => listing(readModels.parked()),
    [retry]: async (input) => {
      const { pending } = (input ?? {}) as { readonly pending?: unknown };
      if (typeof pending === "number") return bounded(await refusedAs(retries.wait(pending)));
      const { service, readModel, key } = named(input);
      const those = (entity: ParkedEntity): boolean =>
        entity.service === service &&
        entity.readModel === readModel &&
        (key === undefined || [entity.key, `${entity.source}/${entity.key}`].includes(key));
      if (key !== undefined && !readModels.parked().some(those))
        throw new CommandError(`"${key}" is not parked in read model "${readModel}"; \`atoll read-models parked\` shows what is`);
      return bounded(await refusedAs(retries.begin(readModels.retry(service, readModel, key))));
    },
    [rebuild]: async (input) => {
      const { service, readModel } = named(input);
      await refusedAs(readModels.rebuild(service, readModel));
      return {};
    },
  };
}

const listing = (entries: readonly ParkedEntity[]): ParkedListing => ({ entries: entries.slice(0, listedMax), total: entries.length });

const bounded = (answer: RetryAnswer): RetryAnswer =>
  "pending" in answer ? answer : { released: answer.released, parked: listing(answer.parked).entries };

/** A failure is told to the person who asked, in its own words. */
async function refusedAs<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof Error && cause.name === "Failure") throw new CommandError(cause.message, { cause });
    throw cause;
  }
}

export const listReadModels = async (data: string): Promise<readonly ReadModelStatus[]> =>
  valueOf(await askRunning(data, list), data) as readonly ReadModelStatus[];

export const listParked = async (data: string): Promise<ParkedListing> => valueOf(await askRunning(data, parked), data) as ParkedListing;

/** Waits until it is over. */
export async function retryParked(data: string, service: string, readModel: string, key: string | undefined): Promise<Retried> {
  const ask = async (input: unknown): Promise<RetryAnswer> => valueOf(await askRunning(data, retry, input), data) as RetryAnswer;
  let answer = await ask({ service, readModel, ...(key === undefined ? {} : { key }) });
  while ("pending" in answer) answer = await ask({ ...answer, service });
  return answer;
}

export const rebuildReadModel = async (data: string, service: string, readModel: string): Promise<unknown> =>
  valueOf(await askRunning(data, rebuild, { service, readModel }), data);

function valueOf(asked: Asked, data: string): unknown {
  if (asked.kind === "answered") return asked.value;
  throw new CommandError(
    `nothing runs ${data}, and read models are shown and mended by the process that runs them: start it with \`atoll run\`, then ask again. ` +
      `At rest the folders named "read-models" below it may be deleted: they are built again`,
  );
}
