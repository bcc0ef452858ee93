// Carries out a schedule on a running system and counts what was done. What the command line does not know is left out, and said once;
// what it refuses is said and counted: a node may be gone by then, and that is no fault.
import { setTimeout as pause } from "node:timers/promises";
import type { Answers } from "./answers.ts";
import type { AtollCommand, PartitionStatus, Ran } from "./atoll-command.ts";
import type { Node, Nodes } from "./nodes.ts";
import type { Act, ActKind } from "./schedule.ts";

export interface TormentorInit {
  readonly command: AtollCommand;
  readonly nodes: Nodes;
  readonly answers: Answers;
  readonly gateway: string;
}

export class Tormentor {
  readonly #init: TormentorInit;
  readonly done: { readonly [K in ActKind]: number } = { kill: 0, pause: 0, restart: 0, scale: 0, move: 0 };
  gatewayKills = 0;
  refused = 0;
  readonly unknown = new Set<ActKind>();
  readonly #over = new AbortController();

  constructor(init: TormentorInit) {
    this.#init = init;
  }

  /** Resolves after `lengthMs`, when what was begun is over and what was stopped is continued. Rejects if the system has gone. */
  async run(schedule: readonly Act[], lengthMs: number): Promise<void> {
    const startMs = performance.now();
    const acts: Promise<void>[] = [];
    const failed = Promise.withResolvers<never>();
    const until = (ms: number): Promise<unknown> => Promise.race([pause(Math.max(0, startMs + ms - performance.now())), failed.promise]);
    for (const act of schedule) {
      await until(act.atMs);
      const acting = this.#perform(act);
      acting.catch(failed.reject);
      acts.push(acting); // a restart takes as long as it takes; the others do not wait for it
    }
    await until(lengthMs);
    this.#over.abort();
    await Promise.all(acts);
  }

  async #perform(act: Act): Promise<void> {
    switch (act.kind) {
      case "kill":
        return this.#kill(act);
      case "pause":
        return this.#pause(act);
      case "restart":
        return this.#ran(act, `restart ${act.service}`, await this.#init.command.run("restart", act.service, "--rolling"));
      case "scale":
        if (this.unknown.has("scale")) return;
        return this.#ran(act, `scale ${act.service} ${act.to}`, await this.#init.command.run("scale", act.service, String(act.to)));
      case "move":
      default:
        return this.#move(act);
    }
  }

  async #kill({ service, choice }: Extract<Act, { kind: "kill" }>): Promise<void> {
    const { nodes, answers, gateway } = this.#init;
    const node = chosen(await this.#nodesOf(service), choice);
    if (!node) return this.#say(`kill ${service}: there is none now`);
    if (service === gateway) answers.gatewayKilled(performance.now());
    if (!nodes.signal(node.pid, "SIGKILL")) return this.#say(`kill ${node.node}: it has gone`);
    this.#count("kill", `kill ${node.node}`);
    if (service === gateway) this.gatewayKills += 1;
  }

  async #pause({ service, choice, forMs }: Extract<Act, { kind: "pause" }>): Promise<void> {
    const { nodes } = this.#init;
    const node = chosen(await this.#nodesOf(service), choice);
    if (!node || !nodes.signal(node.pid, "SIGSTOP")) return this.#say(`pause ${service}: there is none now`);
    this.#count("pause", `pause ${node.node}`);
    await pause(forMs, undefined, { signal: this.#over.signal }).catch(() => {});
    this.#say(nodes.signal(node.pid, "SIGCONT") ? `continue ${node.node}` : `${node.node} did not live to be continued`);
  }

  async #move(act: Extract<Act, { kind: "move" }>): Promise<void> {
    if (this.unknown.has("move")) return;
    const { service, choice, nodeChoice } = act;
    const listed = await this.#init.command.run("partitions", "--json");
    if (listed.code !== 0) return this.#ran(act, "partitions", listed);
    const all = JSON.parse(listed.stdout) as readonly PartitionStatus[];
    const partition = chosen(
      all.filter((one) => one.service === service),
      choice,
    );
    const others = (await this.#nodesOf(service)).filter(({ node }) => node !== partition?.node);
    const to = chosen(others, nodeChoice);
    if (!partition || !to) return this.#say(`move of a partition of ${service}: there is nobody to take one now`);
    const words = ["move", service, String(partition.partition), to.node] as const;
    this.#ran(act, words.join(" "), await this.#init.command.run(...words));
  }

  #ran({ kind }: Act, what: string, { code, stderr, unknown }: Ran): void {
    if (unknown) {
      if (!this.unknown.has(kind)) this.#say(`the command line knows no "${kind}": this run does without`);
      this.unknown.add(kind);
    } else if (code === 0) this.#count(kind, what);
    else {
      this.refused += 1;
      this.#say(`${what} was refused: ${stderr}`);
    }
  }

  async #nodesOf(service: string): Promise<readonly Node[]> {
    return (await this.#init.nodes.list()).filter((node) => node.service === service);
  }

  #count(kind: ActKind, what: string): void {
    (this.done as Record<ActKind, number>)[kind] += 1;
    this.#say(what);
  }

  #say(what: string): void {
    console.error(`${(performance.now() / 1_000).toFixed(1)} s  ${what}`);
  }
}

const chosen = <T>(of: readonly T[], choice: number): T | undefined => of[Math.floor(choice * of.length)];
