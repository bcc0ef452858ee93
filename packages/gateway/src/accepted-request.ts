// The gateway's own durable list of requests that were answered 202 and have no outcome yet (ADR 0019): all that is needed to
// carry one out again, in whatever process comes next. Spread over a fixed number of shards, so that a process that starts knows
// where to look. Input and view are kept as text: they are the contract's business, and as deep as it allows.
import { contract } from "@atoll/core/contract";
import { entity } from "@atoll/core/entity";
import { empty, isText, isTime, schemaOf, textKey } from "./stored-form.ts";

/** Requests that one shard keeps. */
const perShardMax = 256;
/** UTF-16 units of the requests that one shard keeps. */
const shardLengthMax = 2 ** 22;

/** Keys of the entities: the first digit of a command id. */
export const acceptedShards: readonly string[] = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

export const shardOf = (commandId: string): string => commandId.charAt(0);

export type AcceptedRequest = {
  /** Command id, 32 hexadecimal digits, the same for every attempt. */
  readonly id: string;
  /** Wall clock (ms) at which that id was minted, and at which the request was accepted. */
  readonly minted: number;
  readonly at: number;
  /** The route, "POST /orders", and the operation it led to, "shop.buy". */
  readonly route: string;
  readonly to: string;
  /** JSON of `{ key?, input? }`. */
  readonly call: string;
  /** JSON of what `from` sees of the request. No headers: they may hold credentials. */
  readonly view: string;
  /** The `http-key` entity and its beginning, for a request with an Idempotency-Key. */
  readonly key: { readonly of: string; readonly at: number } | null;
  /** The `traceparent` of the request (ADR 0041). */
  readonly trace?: string;
};

type Ended = { readonly id: string; readonly how: "answered" | "given-up" };
type Pending = { readonly [id: string]: AcceptedRequest };

const isKey = (value: unknown): boolean => {
  if (value === null) return true;
  const { of, at } = (value ?? {}) as { readonly [member: string]: unknown };
  return isText(of) && isTime(at);
};
const texts = ["id", "route", "to", "call", "view"] as const;
const Request = schemaOf<AcceptedRequest>("an accepted request", (v) => {
  return texts.every((name) => isText(v[name])) && isTime(v["minted"]) && isTime(v["at"]) && isKey(v["key"]) && isText(v["trace"] ?? "");
});
const End = schemaOf<Ended>("{id, how}", (v) => isText(v["id"]) && isText(v["how"]));
const State = schemaOf<{ readonly pending: Pending; readonly length: number }>("{pending, length}", (v) => isTime(v["length"]));
const List = schemaOf<{ readonly requests: readonly AcceptedRequest[] }>("{requests}", (v) => Array.isArray(v["requests"]));

export const lengthOf = ({ call, view }: Pick<AcceptedRequest, "call" | "view">): number => call.length + view.length;

/** Addressed by the shard. Only the gateway may call it. */
export const HttpAccepted = contract("http-accepted", {
  version: 1,
  key: textKey,
  commands: {
    /** From its reply on the request is carried out, whatever crashes. The same id again changes nothing. */
    accept: { in: Request, rejects: { Full: empty } },
    /** The request has its outcome, or was given up. */
    end: { in: End },
  },
  queries: { pending: { out: List } },
});

export const httpAccepted = entity(HttpAccepted, {
  state: State,
  initial: { pending: {}, length: 0 },
  events: { Accepted: Request, Ended: End },
  decide: {
    accept: ({ pending, length }, request, turn) => {
      if (Object.hasOwn(pending, request.id)) return turn.reply();
      const full = Object.keys(pending).length >= perShardMax || length + lengthOf(request) > shardLengthMax;
      return full ? turn.reject("Full", {}) : turn.emit("Accepted", request);
    },
    end: ({ pending }, end, turn) => (Object.hasOwn(pending, end.id) ? turn.emit("Ended", end) : turn.reply()),
  },
  evolve: {
    Accepted: ({ pending, length }, request) => ({ pending: { ...pending, [request.id]: request }, length: length + lengthOf(request) }),
    Ended: ({ pending, length }, { id }) => {
      const { [id]: ended, ...rest } = pending;
      return { pending: rest, length: length - (ended ? lengthOf(ended) : 0) };
    },
  },
  queries: { pending: ({ pending }) => ({ requests: Object.values(pending) }) },
});
