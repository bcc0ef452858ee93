// Sagas and apologies on the control socket: the verbs that the running process offers, and the asking side. Only a running
// system can answer: what is to be done to a saga needs its definition.
import { Failure, type OpenApology, type Running, type SagaList, type SagaPhase, type SagaStory } from "@atoll/core";
import { CommandError } from "./command-error.ts";
import { askRunning } from "./control-client.ts";
import type { Verb, Verbs } from "./control-server.ts";

/** What each verb takes and gives. */
interface SagaVerbs {
  readonly "POST /sagas/list": readonly [input: { readonly state?: SagaPhase }, output: SagaList];
  readonly "POST /sagas/show": readonly [input: Place, output: SagaStory];
  readonly "POST /sagas/retry": readonly [input: Place, output: Done];
  readonly "POST /sagas/abandon": readonly [input: Place & { readonly why: string }, output: Done];
  readonly "GET /apologies": readonly [input: undefined, output: readonly OpenApology[]];
  readonly "POST /apologies/resolve": readonly [input: Place & { readonly step: string; readonly note: string }, output: Done];
}

export interface Place {
  readonly service: string;
  readonly key: string;
}

export interface Done {
  readonly done: true;
}

/** UTF-16 units of what an operator says to an abandonment or an apology. */
const noteLengthMax = 1_000;

export function sagaVerbs({ sagas }: Pick<Running, "sagas">): Verbs {
  const verb =
    (members: readonly string[], act: (input: { readonly [member: string]: string }) => unknown): Verb =>
    async (input) => {
      const given = (input ?? {}) as { readonly [member: string]: unknown };
      for (const member of members)
        if (typeof given[member] !== "string" || given[member].length > noteLengthMax)
          throw new CommandError(`the request lacks "${member}", or it is too long`);
      try {
        return (await act(given as { readonly [member: string]: string })) ?? { done: true };
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        const { service, key } = given as { readonly service?: string; readonly key?: string };
        const here = service === undefined || key === undefined || (await sagas.isHere(service, key).catch(() => true));
        throw new CommandError(error.message, { elsewhere: !here, cause: error });
      }
    };
  return {
    "POST /sagas/list": verb([], ({ state }) => sagas.list(state === undefined ? {} : { state: state as SagaPhase })),
    "POST /sagas/show": verb(["service", "key"], ({ service = "", key = "" }) => sagas.show(service, key)),
    "POST /sagas/retry": verb(["service", "key"], ({ service = "", key = "" }) => sagas.retry(service, key)),
    "POST /sagas/abandon": verb(["service", "key", "why"], ({ service = "", key = "", why = "" }) => sagas.abandon(service, key, why)),
    "GET /apologies": verb([], () => sagas.apologies()),
    "POST /apologies/resolve": verb(["service", "key", "step", "note"], ({ service = "", key = "", step = "", note = "" }) =>
      sagas.resolve(service, key, step, note),
    ),
  };
}

/** Rejects with a `CommandError` if no process runs the data directory, or it refuses. */
export async function askSagas<V extends keyof SagaVerbs>(data: string, verb: V, input: SagaVerbs[V][0]): Promise<SagaVerbs[V][1]> {
  const asked = await askRunning(data, verb, input);
  if (asked.kind === "answered") return asked.value as SagaVerbs[V][1];
  throw new CommandError(`no process runs ${data}: sagas are asked of a running system, start it with \`atoll run\``);
}
