// What users would pick instead of ours, by the benchmark beside whose rows it stands. Each runs in a process of its own, in
// a module of this folder that says `servePeer`; a further one is such a module, its packages in package.json, and a line here.
export interface Peer {
  /** In the table, until it has said its version. */
  readonly name: string;
  /** The benchmark, by name. */
  readonly benchmark: string;
  readonly module: string;
}

export const peers: readonly Peer[] = [
  { name: "DBOS", benchmark: "saga", module: "peers/dbos.ts" },
  { name: "Moleculer", benchmark: "remote-ask", module: "peers/moleculer.ts" },
  { name: "Restate", benchmark: "saga", module: "peers/restate.ts" },
];
