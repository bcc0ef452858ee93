// Peers beside the rows of a benchmark: opened before its rounds, each round of theirs in turn with ours, and closed after. A peer
// that cannot be had stands in the table with the reason; one that breaks while it is measured ends the benchmark.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Room } from "../benchmark.ts";
import { ChildFailed, type Served, serving } from "../child.ts";
import type { Absent, Details, Row, Sample, Side } from "../measure.ts";
import type { RoundAnswer, RoundRequest } from "./load.ts";
import type { PeerOpened, PeerParameters } from "./peer-process.ts";
import { peers, type Peer } from "./registry.ts";

export type PeerSide = `peer ${string}`;

/** One load on every peer that is open. */
export interface PeerLoad {
  /** For `interleave`. */
  readonly sides: { readonly [name in PeerSide]: Side };
  /** What stands beside a row of ours, after the rounds. */
  beside(samples: { readonly [name in PeerSide]: Sample }): Row["bare"];
}

export interface PeersBesideOurs extends AsyncDisposable {
  /** Why those are not here that are not; nothing if nobody asked for peers. */
  readonly absent: readonly Absent[];
  load(callers: number, ms: number): PeerLoad;
}

interface Open {
  readonly name: string;
  readonly served: Served;
}

export async function openPeers(benchmark: string, { peers: installation, directory }: Room): Promise<PeersBesideOurs> {
  const wanted = installation.kind === "not-asked-for" ? [] : peers.filter((peer) => peer.benchmark === benchmark);
  const open: Open[] = [];
  const absent: Absent[] = [];
  for (const peer of wanted) {
    const opened = installation.kind === "missing" ? installation.why : await openPeer(peer, directory);
    if (typeof opened === "string") absent.push({ name: peer.name, why: opened });
    else open.push(opened);
  }
  return {
    absent,
    load: (callers, ms) => loadOf(open, callers, ms),
    async [Symbol.asyncDispose]() {
      for (const { served } of open) await served[Symbol.asyncDispose]();
    },
  };
}

/** Or why it cannot be opened. */
async function openPeer({ name, module }: Peer, parent: string): Promise<Open | string> {
  const directory = join(parent, name);
  mkdirSync(directory);
  try {
    const served = await serving(module, { directory } satisfies PeerParameters);
    const opened = served.value as PeerOpened;
    if (opened.kind === "open") return { name: opened.name, served };
    await served[Symbol.asyncDispose]();
    return opened.why;
  } catch (error) {
    if (error instanceof ChildFailed) return error.message;
    throw error;
  }
}

function loadOf(open: readonly Open[], callers: number, ms: number): PeerLoad {
  const details = new Map<string, Details>();
  const sideOf = (name: string): PeerSide => `peer ${name}, ${callers} in flight`;
  const side =
    ({ name, served }: Open): Side =>
    async (round) => {
      const answer = (await served.ask({ round, callers, ms } satisfies RoundRequest)) as RoundAnswer;
      details.set(name, answer.details);
      return answer.perSecond;
    };
  return {
    sides: Object.fromEntries(open.map((peer) => [sideOf(peer.name), side(peer)])),
    beside: (samples) =>
      open.flatMap(({ name }) => {
        const sample = samples[sideOf(name)];
        return sample ? [{ name, sample, details: details.get(name) ?? {} }] : [];
      }),
  };
}
