// The verbs of the control socket that are about processes, where each node is one: input checked, and handed on.
import { CommandError } from "../command-error.ts";
import { Stream, type Verbs } from "../control-server.ts";
import { type Figures, figuresVerb } from "./figures.ts";
import { Operations } from "./operations.ts";
import { linesMax } from "./recent-lines.ts";
import type { ServiceNodes } from "./service-nodes.ts";
import { isHeard, type NodeStatus, statusOfNode } from "./slot.ts";
import type { NodeState } from "./course.ts";
import type { Supervisor } from "./supervisor.ts";

/** A row of `atoll services`. */
export interface ServiceStatus {
  readonly service: string;
  /** Running if any node is; else the state of the one that is nearest to it. */
  readonly state: NodeState;
  /** That are to run, and that do. */
  readonly nodes: number;
  readonly running: number;
  /** The node that has the log open; null where there is none. */
  readonly host: string | null;
  /** Of the log. */
  readonly partitions: number;
  readonly restarts: number;
}

/** A row of `atoll partitions`. */
export interface PartitionRow {
  readonly service: string;
  readonly partition: number;
  /** Null while nobody owns it. */
  readonly node: string | null;
  readonly epoch: number;
  /** Granted: not held yet, as far as is known. */
  readonly state: "held" | "granted" | "leaving" | "free";
}

/** What one reading says of a node. */
export interface NodeFigures extends NodeStatus {
  readonly host: boolean;
  /** That it owns. */
  readonly partitions: number;
  /** Null where it did not answer. */
  readonly figures: Figures | null;
  /** Of the supervisor's clock (ms), for rates between two readings of one process. */
  readonly at_ms: number;
}

/** For a node to say how it is. */
const figuresWithinMs = 2_000;
/** Bytes that wait for one follower; one that is slower is ended. */
const followedBytesMax = 4 << 20;
/** Far fewer than there may be connections: whoever follows keeps nobody from asking. */
const followersMax = 32;
/** For a node that is starting to say what log its service has. */
const startedWithinMs = 5_000;

export function processVerbs(supervisor: Supervisor, stop: () => void): Verbs {
  const operations = new Operations(supervisor);
  return {
    "GET /ps": () => supervisor.status(),
    "GET /services": () => supervisor.services.map(serviceRow),
    "POST /partitions": async (input) => {
      const { service } = fields(input);
      const chosen = service === undefined ? supervisor.services : [supervisor.service(text(service, "service"))];
      await supervisor.until(() => !chosen.some(isStarting), startedWithinMs);
      const unknown = chosen.filter(isStarting).map((nodes) => `"${nodes.service}"`);
      if (unknown.length > 0)
        throw new CommandError(`who owns what is not known yet: no node of ${unknown.join(", ")} runs; ask again, or see \`atoll ps\``);
      return chosen.flatMap(partitionRows);
    },
    "POST /scale": (input) => {
      const { service, nodes } = fields(input);
      return operations.scale(text(service, "service"), nodes as number);
    },
    "POST /move": async (input) => {
      const { service, partition, node } = fields(input);
      const name = text(service, "service");
      await operations.move(name, partition as number, text(node, "node"));
      return partitionRows(supervisor.service(name)).filter((row) => row.partition === partition);
    },
    "POST /drain": (input) => operations.drain(text(fields(input)["node"], "node")),
    "POST /restart": (input) => {
      const { service, rolling } = fields(input);
      return operations.restart(text(service, "service"), rolling === true);
    },
    "POST /logs": (input) => {
      const { service, lines, follow } = fields(input);
      const of = service === undefined ? undefined : supervisor.service(text(service, "service")).service;
      if (!Number.isSafeInteger(lines) || (lines as number) < 0 || (lines as number) > linesMax)
        throw new CommandError(`0 to ${linesMax} lines are kept of a node, not ${String(lines)}`);
      return logs(supervisor, of, lines as number, follow === true);
    },
    "GET /top": () => Promise.all(supervisor.services.flatMap((nodes) => nodes.slots.map((slot) => figuresOf(nodes, slot)))),
    "POST /stop": () => {
      stop();
      return { pid: process.pid };
    },
  };
}

const nearest: readonly NodeState[] = ["running", "starting", "draining", "failed", "stopped"];

function serviceRow({ service, slots, wanted, running, hasLog, host, partitions }: ServiceNodes): ServiceStatus {
  const rows = slots.map(statusOfNode);
  return {
    service,
    state: nearest.find((state) => rows.some((row) => row.state === state)) ?? "stopped",
    nodes: new Set(wanted.map(({ node }) => node)).size,
    running: running.length,
    host: hasLog ? (host?.node ?? null) : null,
    partitions: partitions.length,
    restarts: rows.reduce((sum, { restarts }) => sum + restarts, 0),
  };
}

/** None of its nodes has run yet, and one will: whether it has a log is not known. */
const isStarting = ({ slots, hasLog }: ServiceNodes): boolean => {
  const states = new Set(slots.map((slot) => statusOfNode(slot).state));
  return !hasLog && states.has("starting") && !states.has("running");
};

const partitionRows = ({ service, partitions }: ServiceNodes): readonly PartitionRow[] =>
  partitions.map(({ partition, node = null, epoch, state }) => ({ service, partition, node, epoch, state }));

async function figuresOf(nodes: ServiceNodes, slot: ServiceNodes["slots"][number]): Promise<NodeFigures> {
  const { child, place } = slot;
  const asked = isHeard(slot) ? child?.ask(figuresVerb, undefined, figuresWithinMs).catch(() => null) : null;
  const figures = ((await asked) ?? null) as Figures | null;
  return {
    ...statusOfNode(slot),
    host: nodes.isHost(slot),
    partitions: nodes.partitions.filter(({ incarnation }) => incarnation !== undefined && incarnation === place?.identity.incarnation)
      .length,
    figures,
    at_ms: performance.now(),
  };
}

function logs({ lines }: Supervisor, service: string | undefined, count: number, follow: boolean): Stream {
  if (follow && lines.followers >= followersMax) throw new CommandError(`${followersMax} follow the logs already; end one of them`);
  return new Stream((to) => {
    for (const line of lines.newest(service, count)) to.line(line);
    if (!follow) return to.end();
    const unfollow = lines.follow({
      line: (line) => {
        if (service !== undefined && line.service !== service) return;
        if (to.waiting > followedBytesMax) to.cut();
        else to.line(line.text);
      },
      ended: () => to.end(),
    });
    to.whenGone(unfollow);
  });
}

const fields = (input: unknown): { readonly [name: string]: unknown } =>
  typeof input === "object" && input !== null ? (input as { readonly [name: string]: unknown }) : {};

function text(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw new CommandError(`the request names no ${what}`);
}
