// The command line of a running system, as an operator has it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { NodeStatus } from "../../packages/cli/src/supervisor/slot.ts";
import { root } from "../generated.ts";
import { Kill9Error } from "../kill9/victim.ts";

export interface PartitionStatus {
  readonly service: string;
  readonly partition: number;
  /** Null while nobody owns it. */
  readonly node: string | null;
  readonly epoch: number;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The command line has no such verb. */
  readonly unknown: boolean;
}

const program = join(root, "packages/cli/src/atoll.js");

export class AtollCommand {
  readonly #data: string;
  readonly #running = new Set<ChildProcess>();

  constructor(data: string) {
    this.#data = data;
  }

  async run(...args: readonly string[]): Promise<Ran> {
    const child = spawn(process.execPath, [program, ...args, "--data", this.#data], { stdio: ["ignore", "pipe", "pipe"] });
    this.#running.add(child);
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code] = (await once(child, "close")) as [number | null];
    this.#running.delete(child);
    return { code, stdout, stderr: stderr.trim(), unknown: code === 2 && stderr.includes("unknown command") };
  }

  async ps(): Promise<readonly NodeStatus[]> {
    const { code, stdout, stderr } = await this.run("ps", "--json");
    if (code !== 0) throw new Kill9Error(`atoll ps ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as readonly NodeStatus[];
  }

  /** What runs at this moment. */
  destroy(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }
}
