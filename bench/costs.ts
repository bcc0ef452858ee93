// What an answer costs besides time: CPU of the thread that decides and of the whole process, and commits. Unlike rates these
// hardly depend on what else the machine does, so they compare across runs.
import assert from "node:assert/strict";
import type { Metrics } from "@atoll/core/runtime";

export class Costs {
  readonly #metrics: Metrics;
  #answers = 0;
  #threadUs = 0;
  #processUs = 0;
  #commits = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** `rate`: gives answers a second. Forgets the round that does not count. */
  async ofRound(round: number, rate: () => Promise<number>): Promise<number> {
    if (round <= 1) this.#answers = this.#threadUs = this.#processUs = this.#commits = 0;
    const startMs = performance.now();
    const before = { thread: process.threadCpuUsage(), process: process.cpuUsage(), commits: this.#committed() };
    const perSecond = await rate();
    const thread = process.threadCpuUsage(before.thread);
    const all = process.cpuUsage(before.process);
    this.#answers += (perSecond * (performance.now() - startMs)) / 1_000;
    this.#threadUs += thread.user + thread.system;
    this.#processUs += all.user + all.system;
    this.#commits += this.#committed() - before.commits;
    return perSecond;
  }

  /** Of one answer. */
  details(): { readonly cpu_thread_us: number; readonly cpu_process_us: number; readonly commits: number } {
    const each = (sum: number): number => sum / this.#answers;
    return { cpu_thread_us: each(this.#threadUs), cpu_process_us: each(this.#processUs), commits: each(this.#commits) };
  }

  /** Of all services. */
  #committed(): number {
    const lines = [...this.#metrics.render().matchAll(/^atoll_commits_total\{[^}]*\} (\d+)$/gm)];
    assert(lines.length > 0, "the system counts its commits");
    return lines.reduce((sum, [, count]) => sum + Number(count), 0);
  }
}
