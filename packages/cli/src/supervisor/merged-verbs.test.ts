// One control socket for many processes: what goes where, and how answers become one.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Running } from "@atoll/core";
import { controlVerbs } from "../control.ts";
import { CommandError } from "../command-error.ts";
import { Incomplete } from "../control-server.ts";
import { type AskedNodes, mergedVerbs } from "./merged-verbs.ts";

/** Answers of the nodes of each service; a `CommandError` refuses. A text instead of nodes: why it has failed. */
function answering(services: { readonly [service: string]: readonly unknown[] | string }): AskedNodes & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    services: Object.keys(services),
    failed(service) {
      const nodes = services[service];
      return typeof nodes === "string" ? nodes : undefined;
    },
    ready(service) {
      const nodes = services[service];
      if (nodes === undefined || typeof nodes === "string") return Promise.reject(new CommandError(nodes ?? "there is none"));
      return Promise.resolve(
        nodes.map((answer, i) => ({
          node: `${service}-${i + 1}`,
          ask(verb: string, input: unknown) {
            asked.push([`${service}-${i + 1}`, verb, input]);
            return answer instanceof CommandError ? Promise.reject(answer) : Promise.resolve(answer);
          },
        })),
      );
    },
  };
}

test("every verb of a process is one of the supervisor", () => {
  const nothing = {} as Running; // making the table asks it for nothing
  assert.deepEqual(Object.keys(mergedVerbs(answering({}))).sort(), Object.keys(controlVerbs(nothing)).sort());
});

test("what lists is asked of every node and becomes one list; what needs somebody comes first", async () => {
  const two = (a: unknown, b: unknown): ReturnType<typeof mergedVerbs> => mergedVerbs(answering({ a: [a], b: [b] }));
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

test("what two nodes of one service say alike is listed once; breakers are each node's own, and say whose", async () => {
  const verbs = mergedVerbs(
    answering({
      a: [
        { entries: [{ key: "x" }, { key: "y" }], total: 2 },
        { entries: [{ key: "y" }], total: 1 },
      ],
    }),
  );
  assert.deepEqual(await verbs["GET /quarantine"]?.(undefined), { entries: [{ key: "x" }, { key: "y" }], total: 2 });
  const breaker = { contract: "bank", state: "closed" };
  assert.deepEqual(await mergedVerbs(answering({ a: [[breaker], [breaker]] }))["GET /breakers"]?.(undefined), [
    { ...breaker, node: "a-1" },
    { ...breaker, node: "a-2" },
  ]);
});

test("a list is made without a service that has failed, and says so; one that is only not there yet is waited for, and then refused", async () => {
  const listed = await mergedVerbs(answering({ a: [[1]], b: 'service "b" has failed: no' }))["GET /breakers"]?.(undefined);
  assert(listed instanceof Incomplete);
  assert.deepEqual([listed.value, listed.missing], [[1], ['service "b" has failed: no']]);
  const absent: AskedNodes = { ...answering({ a: [[1]] }), services: ["a", "b"] };
  await assert.rejects(async () => mergedVerbs(absent)["GET /breakers"]?.(undefined), CommandError);
});

test("what names a service is asked of its nodes until one has what is meant; where nobody has, the first one's sentence is the answer", async () => {
  const no = (why: string, elsewhere = true): CommandError => new CommandError(why, { elsewhere });
  const nodes = answering({ a: [1], b: [no("first"), 2, 3], c: [no("first"), no("second")], d: [no("refused", false), 1] });
  const verbs = mergedVerbs(nodes);
  assert.equal(await verbs["POST /quarantine/release"]?.({ service: "b", key: "k" }), 2);
  assert.deepEqual(nodes.asked, [
    ["b-1", "POST /quarantine/release", { service: "b", key: "k" }],
    ["b-2", "POST /quarantine/release", { service: "b", key: "k" }],
  ]);
  await assert.rejects(async () => verbs["POST /sagas/retry"]?.({ service: "c" }), /first/);
  await assert.rejects(async () => verbs["POST /sagas/retry"]?.({ service: "d" }), /refused/);
  for (const input of [{}, null, "a", { service: 1 }])
    await assert.rejects(async () => verbs["POST /quarantine/release"]?.(input), CommandError);
});

test("a breaker is opened at every node of the service that calls", async () => {
  const nodes = answering({ a: [{ changed: true }, { changed: false }] });
  assert.deepEqual(await mergedVerbs(nodes)["POST /breakers/open"]?.({ service: "a" }), { changed: true });
  assert.equal(nodes.asked.length, 2);
});
