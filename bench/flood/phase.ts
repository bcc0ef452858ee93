// One phase: the flooded service is asked at a rate, another one over HTTP and by a third, and the processes are looked at, all at once.
import type { Served } from "../child.ts";
import type { Pour } from "./flooder.ts";
import { Requests, type Outcome } from "./requests.ts";
import type { PhaseFigures, Window } from "./verdict.ts";

export interface PhaseRoom {
  readonly url: string;
  readonly flooder: Served;
}

const probesPerSecond = 50;
/** Of one look of the third service; well within the deadline of a request. */
const lookMs = 2_000;

export async function phase(
  { url, flooder }: PhaseRoom,
  {
    name,
    perSecond,
    windows,
    windowMs,
  }: { readonly name: string; readonly perSecond: number; readonly windows: number; readonly windowMs: number },
): Promise<PhaseFigures> {
  const ms = windows * windowMs;
  const probe = new Requests(Number(new URL(url).port), "/books/probe", "{}");
  const [taken, { tookMs: overHttpMs }, betweenServicesMs] = await Promise.all([
    windowsOf(url, flooder, { perSecond, ms: windowMs }, windows),
    probe.at(probesPerSecond, ms),
    looks(url, ms),
  ]);
  probe.close();
  return { name, perSecond, windows: taken, overHttpMs, betweenServicesMs };
}

async function windowsOf(url: string, flooder: Served, pour: Pour, count: number): Promise<readonly Window[]> {
  const windows: Window[] = [];
  for (let i = 0; i < count; i++) {
    const startedMs = performance.now();
    const outcome = (await flooder.ask(pour)) as Outcome;
    windows.push({ ms: performance.now() - startedMs, outcome, residentBytes: await residentBytes(url) });
  }
  return windows;
}

async function looks(url: string, ms: number): Promise<readonly number[]> {
  const all: number[] = [];
  for (const endMs = performance.now() + ms; performance.now() < endMs;) {
    const body = JSON.stringify({ ms: lookMs });
    const response = await fetch(`${url}/looks`, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (response.ok) all.push(...((await response.json()) as { readonly tookMs: readonly number[] }).tookMs);
    else await response.body?.cancel();
  }
  return all;
}

async function residentBytes(url: string): Promise<{ readonly [node: string]: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^process_resident_memory_bytes\{node="([^"]+)"[^}]*\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, node = "", bytes]) => [node, Number(bytes)]));
}
