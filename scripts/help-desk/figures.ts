// What the system says, in the form of the fold. Reads wait by themselves for what was written before: the gateway's session
// holds it. Only what agents are told arrives when it arrives, and is asked for until it is all there.
import { setTimeout as pause } from "node:timers/promises";
import { Kill9Error } from "../kill9/victim.ts";
import type { Client } from "./client.ts";
import { entriesOf, longestShown, textOf, type Entries, type Figures } from "./fold.ts";

const pageSize = 500;
const toldWithinMs = 60_000;
const pauseMs = 50;

type Row = { readonly [member: string]: string | number | boolean };

export async function figuresOf(client: Client, caseIds: readonly string[], agents: readonly string[], events: number): Promise<Figures> {
  const rows = async (path: string): Promise<readonly Row[]> => (await client.get(path)) as readonly Row[];
  const counts = async (path: string, names: readonly string[], count: string): Promise<Entries> =>
    new Map((await rows(path)).map((row) => [names.map((name) => row[name]).join(" / "), textOf(row[count])]));
  const longest = await rows(`/durations/longest?size=${longestShown}`);
  return {
    "what was done, by case": await each(client, caseIds, (id) => `/cases/${encodeURIComponent(id)}/activities`),
    cases: entriesOf(await pages(client, "/cases?"), ({ id }) => `${id}`),
    "open cases": entriesOf(await pages(client, "/cases?open=true&"), ({ id }) => `${id}`),
    "activities by resource, seriousness and kind": await counts("/workload/activities", ["resource", "seriousness", "activity"], "times"),
    "cases by resource and seriousness": await counts("/workload/cases", ["resource", "seriousness"], "cases"),
    "durations by product": entriesOf(await rows("/durations"), ({ product }) => `${product}`),
    "longest cases": new Map(longest.map((row, i) => [`${i + 1}`, textOf(row)])),
    agents: await tallies(client, agents, events),
  };
}

/** One answer for each name; as many at a time as the client has connections. */
async function each(client: Client, names: readonly string[], pathOf: (name: string) => string): Promise<Entries> {
  return new Map(await Promise.all(names.map(async (name) => [name, textOf(await client.get(pathOf(name)))] as const)));
}

async function pages(client: Client, path: string): Promise<readonly Row[]> {
  const all: Row[] = [];
  for (;;) {
    const after = all.at(-1)?.["id"] ?? "";
    const page = (await client.get(`${path}size=${pageSize}&after=${encodeURIComponent(after)}`)) as readonly Row[];
    all.push(...page);
    if (page.length < pageSize) return all;
  }
}

/** When every activity has been heard of. More than there are would never be right, and is shown as it is. */
async function tallies(client: Client, agents: readonly string[], events: number): Promise<Entries> {
  const endMs = performance.now() + toldWithinMs;
  for (;;) {
    const told = await each(client, agents, (resource) => `/agents/${encodeURIComponent(resource)}`);
    const sum = [...told.values()].reduce((all, text) => all + (JSON.parse(text) as { readonly activities: number }).activities, 0);
    if (sum >= events) return told;
    if (performance.now() > endMs) throw new Kill9Error(`agents heard of ${sum} of ${events} activities within ${toldWithinMs} ms`);
    await pause(pauseMs);
  }
}
