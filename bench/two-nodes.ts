// Two nodes of one system, each in a process of its own, as `atoll run --isolation process` makes them: one serves a handler, an
// entity and a topic, the other one asks and reads. Everything between them is what production has: router, remote service,
// link, served link. Only the supervisor is missing: who is where is said once.
import { join } from "node:path";
import * as z from "zod";
import { contract, entity, type Running, service, start, system } from "@atoll/core";
import type { EventSource, ExtensionPart } from "@atoll/core/extension";
import type { Metrics } from "@atoll/core/runtime";
import { type Directory, ring } from "@atoll/core/ring";
import { type Address, type NodeIdentity, ticketFor } from "@atoll/core/transport";
import { SocketTransport } from "@atoll/core/transport/socket";
import { adder, counter } from "./counter.ts";
import { troubleLogger } from "./trouble-logger.ts";

/** A message of the topic, as JSON, has 100 characters. */
const elementFiller = "x".repeat(100 - '{"n":1000000,"filler":""}'.length);

const element = z.object({ n: z.int(), filler: z.string() });
export const Source = contract("source", {
  version: 1,
  key: z.string(),
  commands: { say: { in: z.object({ n: z.int() }) } },
  topics: { said: element },
  access: { say: "any", said: "any" },
});
const source = entity(Source, {
  state: z.object({}),
  initial: {},
  events: { Said: z.object({ n: z.int() }) },
  decide: { say: (_, c, turn) => turn.emit("Said", c) },
  evolve: { Said: (s) => s },
  publish: { said: { Said: ({ n }) => ({ n, filler: elementFiller }) } },
});
/** Of the first message: as many characters as every other one. */
export const firstElement = 1_000_000;

const Reader = contract("reader", { version: 1, queries: { nothing: {} } });

/** Gives away the source that a part of a service is given. */
const readerOf = (opened: (source: EventSource) => void): ExtensionPart => ({
  kind: "readModel",
  contract: Reader,
  async open(room) {
    opened(await room.source(Source.said));
    return { receive: () => {}, close: () => Promise.resolve() };
  },
});

const served = "served";
const reader = "reader";

const definitionOf = (opened: (source: EventSource) => void) =>
  system("bench", { services: [service(served, [adder, counter, source]), service(reader, [readerOf(opened)])] });

const identityOf = (name: string): NodeIdentity => ({ node: `${name}-1`, service: name, incarnation: "0".repeat(32) });
const secretOf = (name: string): string => `secret of ${name}`;
const pathOf = (directory: string, name: string): string => join(directory, "links", `${name}.sock`);

/** Everybody is where it always is. */
function directoryOf(directory: string, self: NodeIdentity): Directory {
  const addressOf = (name: string): readonly [string, readonly Address[]] => [
    name,
    [{ identity: identityOf(name), at: pathOf(directory, name), ticket: ticketFor(secretOf(name), "bench", self) }],
  ];
  const addresses = new Map([served, reader].map(addressOf));
  return { nodes: (name) => addresses.get(name) ?? [], lost: () => undefined, plan: () => undefined, watch: () => {} };
}

function startNode(name: string, directory: string, metrics: Metrics | undefined, opened: (source: EventSource) => void): Promise<Running> {
  const self = identityOf(name);
  return start(definitionOf(opened), {
    data: join(directory, name),
    mode: "production",
    logger: troubleLogger,
    ...(metrics ? { metrics } : {}),
    ring: (runtime) =>
      ring({
        transport: new SocketTransport(runtime, { system: "bench", self }),
        directory: directoryOf(directory, self),
        at: pathOf(directory, name),
        secret: secretOf(name),
      }),
  });
}

/** `directory`: of both. */
export const startServed = (directory: string, metrics: Metrics): Promise<Running> => startNode(served, directory, metrics, () => {});

export interface AskingNode {
  readonly running: Running;
  /** The topic, once the other node has answered. */
  readonly source: Promise<EventSource>;
}

export async function startAsking(directory: string): Promise<AskingNode> {
  const { promise, resolve } = Promise.withResolvers<EventSource>();
  return { running: await startNode(reader, directory, undefined, resolve), source: promise };
}
