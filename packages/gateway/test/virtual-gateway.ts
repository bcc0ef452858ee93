// The trial system in a virtual world, driven through `fetch` as the simulator drives it: real code, no socket, no clock.
import assert from "node:assert/strict";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld } from "@atoll/core/runtime/virtual";
import { boot, type Booted, type System } from "@atoll/core/system";
import type { GatewayHow } from "@atoll/gateway";
import { FeedClient } from "./feed-client.ts";
import type { TrialLog } from "./trial-log.ts";
import { trialSystem, type Trial } from "./trial-system.ts";

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON object that the body is; empty if it is none. */
  readonly json: { readonly [member: string]: unknown };
  readonly text: string;
}

export interface VirtualGateway {
  readonly trial: Trial;
  readonly world: VirtualWorld;
  readonly booted: Booted;
  request(
    method: string,
    target: string,
    init?: { readonly headers?: Record<string, string>; readonly body?: string | Uint8Array<ArrayBuffer> },
  ): Promise<Answered>;
  /** A POST of JSON. */
  post(target: string, body: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** Opens a feed, as somebody who reads it. */
  feed(target: string, headers?: Record<string, string>): Promise<FeedClient>;
  pause(ms: number): Promise<void>;
  /** The process dies, and another one takes over its disk. */
  crash(): Promise<VirtualGateway>;
}

/** `log`: what feeds read in the place of what the system publishes. */
export async function virtually<T>(
  scenario: (gateway: VirtualGateway) => Promise<T>,
  how: GatewayHow = {},
  seed = 1,
  log?: TrialLog,
): Promise<T> {
  const world = new VirtualWorld({ seed });
  const disk = new SimulatedDisk(world.outside);
  const wait = (): never => assert.fail("nothing runs yet");
  const trial = { runs: 0, ids: [], mended: false, log, wait };
  const system = trialSystem(trial, how);
  await system.gateway?.load?.();
  const result = await world.runUntil(up(world, disk, system, trial).then(scenario));
  for (const { error } of world.failures) throw error;
  return result;
}

async function up(world: VirtualWorld, disk: SimulatedDisk, system: System, counted: Trial): Promise<VirtualGateway> {
  const process = world.process("node");
  const journals = new SimulatedJournalStore(disk, process, { process: "node" });
  const trial: Trial = Object.assign(counted, {
    wait: (ms: number) => new Promise<void>((resolve) => void process.timers.after(ms, resolve)),
  });
  const booted = await process.enter(world.outside, () => boot(system, { runtime: process, journals, config: {} }));
  const { gateway } = booted;
  assert(gateway);
  const request: VirtualGateway["request"] = async (method, target, init = {}) => {
    const sent = new Request(target.startsWith("http") ? target : `http://trial${target}`, { method, ...init });
    const response = await process.enter(world.outside, () => gateway.fetch(sent));
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json") && text !== "" ? (JSON.parse(text) as Answered["json"]) : {};
    return { status: response.status, headers: response.headers, json, text };
  };
  return {
    trial,
    world,
    booted,
    request,
    post: (target, body, headers = {}) =>
      request("POST", target, { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) }),
    feed: async (target, headers = {}) => {
      const response = await process.enter(world.outside, () => gateway.fetch(new Request(`http://trial${target}`, { headers })));
      return new FeedClient(response);
    },
    pause: (ms) => new Promise((resolve) => void world.outside.timers.after(ms, resolve)),
    crash() {
      process.crash();
      journals.crash();
      return up(world, disk, system, counted);
    },
  };
}
