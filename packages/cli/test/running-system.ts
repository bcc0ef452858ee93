// A system that runs, as its clients and its operators see it from outside.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { NodeStatus } from "../src/supervisor/slot.ts";
import { atoll } from "./atoll-process.ts";

async function json(response: Response): Promise<unknown> {
  const text = await response.text();
  assert(response.ok, `${response.status} ${text}`);
  return JSON.parse(text);
}
export const get = async (url: string): Promise<unknown> => json(await fetch(url));
export const post = async (url: string, body?: object): Promise<unknown> =>
  json(
    await fetch(
      url,
      body === undefined
        ? { method: "POST" }
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
    ),
  );

/** `data`: its data directory. */
export async function ps(data: string): Promise<readonly NodeStatus[]> {
  const { code, stdout, stderr } = await atoll(["ps", "--json", "--data", data]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as readonly NodeStatus[];
}

/** The first node of a service. */
export async function nodeOf(data: string, service: string): Promise<NodeStatus & { readonly pid: number }> {
  const found = (await ps(data)).find((node) => node.service === service);
  assert(found && found.pid !== null, `${service} has a process`);
  return found as NodeStatus & { readonly pid: number };
}

/** What is asked comes while things happen, not at the rate that leaves nothing of the machine for them. */
const betweenMs = 5;

/** Requests one after the other, from several clients, none of which may fail. */
export class Load {
  sent = 0;
  #over = false;
  readonly #clients: Promise<unknown>;

  constructor(clients: number, request: (n: number) => Promise<unknown>) {
    const client = async (): Promise<void> => {
      while (!this.#over) {
        await request((this.sent += 1));
        await pause(betweenMs);
      }
    };
    this.#clients = Promise.all(Array.from({ length: clients }, client));
    this.#clients.catch(() => (this.#over = true)); // told by `reaches` and `end`
  }

  /** Rejects with the first request that fails. */
  async reaches(sent: number): Promise<void> {
    await Promise.race([this.#clients, until(() => this.#over || this.sent > sent)]);
  }

  /** How many were answered: all. */
  async end(): Promise<number> {
    this.#over = true;
    await this.#clients;
    return this.sent;
  }
}

/** What a test waits for comes within seconds; this only ends one that waits for ever. */
const patienceMs = 60_000;

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!(await holds())) {
    assert(performance.now() < endMs, `never: ${holds.toString()}`);
    await pause(10);
  }
}
