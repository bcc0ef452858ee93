// A request's trace through a whole system, in one process and with every service on a node of its own.
//
//  G1  joined      A valid traceparent of the request is what all its calls belong to; without one, or with one that is none, the gateway begins
//                  a trace, and answers the same.
//  G2  everywhere  Handlers that are asked, those that they ask, and the steps of a saga see one trace id; each asker has a span of its own.
//  G3  outwards    What handlers fetch carries it, unless they say otherwise.
//  G4  in the log  Each line about a call that failed or was refused has the trace id, on the node that writes it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, entity, handlers, saga, service, system } from "@atoll/core";
import type { Booted } from "@atoll/core/system";
import * as z from "zod";
import { inRing } from "../packages/core/test/virtual-ring.ts";
import { virtually } from "../packages/core/test/virtual-system.ts";
import { gateway, route } from "@atoll/gateway";

const id = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";
const given = `00-${id}-${span}-01`;
const form = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/;

const Back = contract("back", {
  version: 1,
  access: { work: "any", fail: "any", hang: "any" },
  commands: { work: {}, fail: {}, hang: {}, secret: {} },
});
const Tally = contract("tally", { version: 1, key: z.string(), access: { add: "any" }, commands: { add: {} } });
const Front = contract("front", {
  version: 1,
  access: { relay: "any", denied: "any", fetch: "any" },
  commands: { relay: {}, denied: {}, fetch: {} },
});
const Trip = contract("trip", { version: 1, key: z.string(), access: { start: "any" }, commands: { start: {} } });

/** What each run saw as `cx.trace`, in their order. */
type Seen = [who: string, trace: string | undefined][];

function traced(seen: Seen) {
  const back = handlers(Back, {
    handle: {
      work: (_, cx) => void seen.push(["back", cx.trace]),
      fail: () => {
        throw new TypeError("a bug");
      },
      hang: () => new Promise<void>(() => undefined),
      secret: () => undefined,
    },
  });
  const tally = entity(Tally, {
    state: z.object({}),
    initial: {},
    events: {},
    decide: {
      add: () => {
        throw new TypeError("a bug");
      },
    },
    evolve: {},
  });
  const front = handlers(Front, {
    handle: {
      relay: async (_, cx) => {
        seen.push(["front", cx.trace]);
        await Promise.all([cx.at(Back).work(), cx.at(Back).work()]);
      },
      denied: (_, cx) => cx.at(Back).secret(),
      fetch: async (_, cx) => {
        seen.push(["front", cx.trace]);
        await cx.fetch("http://out/none");
        await cx.fetch(new Request("http://out/kept", { headers: { accept: "a/b" } }));
        await cx.fetch("http://out/added", { headers: [["accept", "a/b"]] });
        await cx.fetch("http://out/own", { headers: { TraceParent: "own" } });
        await cx.fetch(new Request("http://out/own", { headers: { traceparent: "own" } }));
        await assert.rejects(cx.fetch("http://out/", { headers: { "not a name": "" } }), TypeError);
      },
    },
  });
  const trip = saga(Trip.start, 1, async (run) => {
    await run.step("go", (at) => at(Back).work());
    await run.step("relay", (at) => at(Front).relay());
  });
  return system("traced", {
    services: [service("front", [front]), service("back", [back]), service("tallies", [tally]), service("trips", [trip])],
    gateway: gateway([
      route("POST /relay", Front.relay),
      route("POST /denied", Front.denied),
      route("POST /fetch", Front.fetch),
      route("POST /fail", Back.fail),
      route("POST /hang", Back.hang, { within: "1s" }),
      route("POST /tallies/:id", Tally.add, { key: (r) => r.params.id }),
      route("POST /trips/:id", Trip.start, { key: (r) => r.params.id }),
      route("POST /later/:id", Front.relay, { reply: { later: (r) => `/later/${r.params.id}` } }),
    ]),
  });
}

interface Stage {
  readonly seen: Seen;
  /** As the operator, on the node of "front". */
  readonly front: Pick<Booted, "at">;
  inside<T>(act: () => Promise<T>): Promise<T>;
  post(path: string, headers?: Record<string, string>): Promise<number>;
  /** The lines of this event, newest last. */
  logged(event: string): readonly { readonly [name: string]: unknown }[];
}

const linesOf = (text: string, event: string) =>
  text.split("\n").flatMap((line) => {
    const [, found, fields] = /(?:warn|error) (\S+) (\{.*\})$/.exec(line) ?? [];
    return found === event ? [JSON.parse(fields as string) as { readonly [name: string]: unknown }] : [];
  });

async function sent(booted: Booted | undefined, path: string, headers: Record<string, string>): Promise<number> {
  assert(booted?.gateway);
  return (await booted.gateway.fetch(new Request(`http://trial${path}`, { method: "POST", headers }))).status;
}

const fetched: Request[] = [];
const outside = (...request: ConstructorParameters<typeof Request>): Promise<Response> => {
  fetched.push(new Request(...request));
  return Promise.resolve(new Response("there"));
};

const forms: Record<string, (scenario: (stage: Stage) => Promise<void>) => Promise<void>> = {
  "in one process": (scenario) => {
    const seen: Seen = [];
    return virtually(
      traced(seen),
      ({ booted, world, inside }) =>
        scenario({
          seen,
          front: booted,
          inside,
          post: (path, headers = {}) => inside(() => sent(booted, path, headers)),
          logged: (event) => linesOf(world.trace.last(200), event),
        }),
      { fetch: outside },
    );
  },
  "over links": (scenario) => {
    const seen: Seen = [];
    return inRing(traced(seen), async (ring) => {
      const nodes = new Map<string, Booted>();
      for (const name of ["front", "back", "tallies", "trips", "gateway"]) nodes.set(name, await ring.up(name));
      await scenario({
        seen,
        front: nodes.get("front") as Booted,
        inside: (act) => ring.inside(act),
        post: (path, headers = {}) => ring.inside(() => sent(nodes.get("gateway"), path, headers)),
        logged: (event) => linesOf(ring.world.trace.last(200), event),
      });
    });
  },
};

const idOf = (trace: string | undefined): string | undefined => trace?.slice(3, 35);
const spanOf = (trace: string | undefined): string | undefined => trace?.slice(36, 52);

for (const [where, run] of Object.entries(forms)) {
  test(`trace, ${where}: G1, G2 two services see the trace id and the flag of the request, and each asker's span is its own`, () =>
    run(async ({ post, seen }) => {
      assert.equal(await post("/relay", { traceparent: given }), 204);
      assert.deepEqual(
        seen.map(([who]) => who),
        ["front", "back", "back"],
      );
      for (const [, trace] of seen) assert.match(String(trace), new RegExp(`^00-${id}-[0-9a-f]{16}-01$`));
      assert.equal(new Set([span, ...seen.map(([, trace]) => spanOf(trace))]).size, 4);
    }));

  test(`trace, ${where}: G1 a request without a valid traceparent is answered all the same, in a trace of its own`, () =>
    run(async ({ post, seen }) => {
      const wrong = ["", "x", `${given}0`, given.toUpperCase(), `01${given.slice(2)}`, `${given}, ${given}`, given.padEnd(10_000, "0")];
      for (const headers of [{}, ...wrong.map((traceparent) => ({ traceparent }))]) assert.equal(await post("/relay", headers), 204);
      const ids = seen.map(([, trace]) => idOf(trace));
      for (const [, trace] of seen) assert.match(String(trace), form);
      assert.equal(ids.length, 3 * (1 + wrong.length));
      assert.equal(new Set(ids).size, 1 + wrong.length);
      assert(!ids.includes(id));
    }));

  test(`trace, ${where}: G1 with an Idempotency-Key, and where the answer may come later, it is the same`, () =>
    run(async ({ post, seen }) => {
      assert.equal(await post("/relay", { traceparent: given, "idempotency-key": '"a"' }), 204);
      assert.equal(await post("/later/a", { traceparent: given }), 204);
      assert.equal(await post("/later/b", { traceparent: given, "idempotency-key": '"b"' }), 204);
      assert.deepEqual(
        seen.map(([, trace]) => idOf(trace)),
        Array.from({ length: 9 }, () => id),
      );
    }));

  test(`trace, ${where}: G2 steps of a saga are part of the trace in which it was started, and each is a span`, () =>
    run(async ({ post, seen }) => {
      assert.equal(await post("/trips/a", { traceparent: given }), 204);
      assert.deepEqual(
        seen.map(([who, trace]) => [who, idOf(trace)]),
        ["back", "front", "back", "back"].map((who) => [who, id]),
      );
      assert.equal(new Set(seen.map(([, trace]) => spanOf(trace))).size, 4);
    }));

  test(`trace, ${where}: G2 what the operator asks has none`, () =>
    run(async ({ front, inside, seen }) => {
      await inside(() => front.at(Front).relay());
      assert.deepEqual(seen, [
        ["front", undefined],
        ["back", undefined],
        ["back", undefined],
      ]);
    }));

  test(`trace, ${where}: G4 the lines of handlers and entities that fail, of access that is denied, and of deadlines have its id`, () =>
    run(async ({ post, logged, front, inside }) => {
      for (const [path, status, ...events] of [
        ["/fail", 500, "handler.failed", "gateway.request_failed"],
        ["/tallies/a", 500, "entity.failed", "gateway.request_failed"],
        ["/denied", 403, "access.denied"],
        ["/hang", 504, "gateway.request_failed"],
      ] as const) {
        assert.equal(await post(path, { traceparent: given }), status, path);
        for (const event of events) assert.equal(logged(event).at(-1)?.["trace"], id, `${path} ${event}`);
      }
      await inside(() => assert.rejects(front.at(Front).denied()));
      assert.deepEqual(Object.keys(logged("access.denied").at(-1) ?? {}), ["caller", "operation"]);
    }));
}

test("trace: G3 a handler's fetch carries it beside the request's own headers, and never in the place of a traceparent that is there", () =>
  (forms["in one process"] as (typeof forms)[string])(async ({ post, seen, front, inside }) => {
    const headers = (): unknown =>
      fetched.splice(0).map(({ url, headers: of }) => [new URL(url).pathname, of.get("traceparent"), of.get("accept")]);
    assert.equal(await post("/fetch", { traceparent: given }), 204);
    const [, trace = "none"] = seen[0] ?? [];
    assert.equal(idOf(trace), id);
    assert.deepEqual(headers(), [
      ["/none", trace, null],
      ["/kept", trace, "a/b"],
      ["/added", trace, "a/b"],
      ["/own", "own", null],
      ["/own", "own", null],
    ]);
    await inside(() => front.at(Front).fetch());
    assert.deepEqual(headers(), [
      ["/none", null, null],
      ["/kept", null, "a/b"],
      ["/added", null, "a/b"],
      ["/own", "own", null],
      ["/own", "own", null],
    ]);
  }));
