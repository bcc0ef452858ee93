// One control socket for many processes: what goes where, and how answers become one.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Running } from "@atoll/core";
import { controlVerbs } from "../control.ts";
import { CommandError } from "../command-error.ts";
import { mergedVerbs } from "./merged-verbs.ts";

const answering = (answers: { readonly [service: string]: unknown }) => ({
  services: Object.keys(answers),
  asked: [] as unknown[],
  ask(service: string, verb: string, input: unknown): Promise<unknown> {
    this.asked.push([service, verb, input]);
    return Object.hasOwn(answers, service) ? Promise.resolve(answers[service]) : Promise.reject(new CommandError("there is none"));
  },
});

test("every verb of a process is one of the supervisor", () => {
  const nothing = {} as Running; // making the table asks it for nothing
  assert.deepEqual(Object.keys(mergedVerbs(answering({}))).sort(), Object.keys(controlVerbs(nothing)).sort());
});

test("what lists is asked of every node and becomes one list; what needs somebody comes first", async () => {
  const two = (a: unknown, b: unknown): ReturnType<typeof mergedVerbs> => mergedVerbs(answering({ a, b }));
  assert.deepEqual(await two([1], [2, 3])["GET /breakers"]?.(undefined), [1, 2, 3]);
  assert.deepEqual(await two({ entries: [1], total: 9 }, { entries: [], total: 1 })["GET /quarantine"]?.(undefined), {
    entries: [1],
    total: 10,
  });
  assert.deepEqual(await two({ entries: [1], more: false }, { entries: [2], more: true })["GET /deadletters"]?.(undefined), {
    entries: [1, 2],
    more: true,
  });
  const [waiting, parked] = [{ state: "suspended" }, { state: "parked" }];
  assert.deepEqual(await two({ entries: [waiting], more: false }, { entries: [parked], more: false })["POST /sagas/list"]?.({}), {
    entries: [parked, waiting],
    more: false,
  });
});

test("what names a service is asked of that one, with its input; without a name it is refused", async () => {
  const supervisor = answering({ a: 1, b: 2 });
  const verbs = mergedVerbs(supervisor);
  assert.equal(await verbs["POST /quarantine/release"]?.({ service: "b", key: "k" }), 2);
  assert.deepEqual(supervisor.asked, [["b", "POST /quarantine/release", { service: "b", key: "k" }]]);
  assert.throws(() => verbs["POST /quarantine/release"]?.({}), CommandError);
});
