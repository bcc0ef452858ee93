import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { Failure } from "../base/failure.ts";
import { contract } from "../contract/index.ts";
import { entity, type AnyEntity } from "./definition.ts";

const Tally = contract("tally", {
  version: 1,
  key: z.string(),
  commands: { add: { in: z.object({ by: z.int() }) }, reset: {} },
  queries: { total: { out: z.object({ total: z.int() }) } },
  topics: { changed: z.object({ total: z.int() }) },
});

const complete = {
  state: z.object({ total: z.int().default(0) }),
  initial: {},
  events: { Added: z.object({ by: z.int() }), Reset: z.object({}) },
  upcast: { Added: [(v1: { readonly n: number }) => ({ by: v1.n })] },
  decide: { add: () => undefined, reset: () => undefined },
  evolve: { Added: () => ({ total: 1 }), Reset: () => ({ total: 0 }) },
  queries: { total: (state: { readonly total: number }) => state },
  publish: { changed: { Added: () => ({ total: 1 }) } },
};

const define = (how: object, of: object = Tally): AnyEntity => (entity as unknown as (of: object, how: object) => AnyEntity)(of, how);

function refusal(how: object, of?: object): string {
  try {
    define(how, of);
  } catch (error) {
    assert.ok(error instanceof Failure && error.code === "INVALID_DEFINITION", String(error));
    return error.message;
  }
  return assert.fail("the definition was accepted");
}

test("entity: a complete definition becomes frozen data that runs nothing", () => {
  const tally = define(complete);
  assert.equal(tally.kind, "entity");
  assert.equal(tally.contract, Tally);
  assert.deepEqual(Object.keys(tally.how.decide), ["add", "reset"]);
  assert.deepEqual(tally.how.initial, {}, "as it was given: who runs it parses it");
  assert.equal(tally.how.upcast["Added"]?.length, 1);
  assert.equal(tally.how.upcast["constructor"], undefined);
  for (const part of [tally, tally.how, ...Object.values(tally.how).filter((value) => value !== complete.state)])
    assert.ok(Object.isFrozen(part));
  assert.ok(Object.isFrozen(tally.how.upcast["Added"]) && Object.isFrozen(tally.how.publish["changed"]));
});

test("entity: later changes of the objects it was made from do not reach it", () => {
  const decide: Record<string, unknown> = { ...complete.decide };
  const initial: { total?: number } = { total: 5 };
  const tally = define({ ...complete, decide, initial });
  decide["add"] = undefined;
  initial.total = 6;
  assert.equal(typeof tally.how.decide["add"], "function");
  assert.deepEqual(tally.how.initial, { total: 5 });
});

test("entity: sections the contract has no use for may be absent", () => {
  const Bare = contract("bare", { version: 1, key: z.string(), commands: { poke: {} } });
  const { queries, publish, upcast } = define(
    { state: z.null(), initial: null, events: {}, decide: { poke: () => undefined }, evolve: {} },
    Bare,
  ).how;
  assert.deepEqual([{ ...queries }, { ...publish }, { ...upcast }], [{}, {}, {}]);
});

test("entity: an incomplete or wrong definition is refused with the contract's name and the reason", () => {
  const keyless = contract("keyless", { version: 1, commands: { add: {}, reset: {} } });
  const { Added } = complete.evolve;
  const wrong: readonly (readonly [how: object, message: RegExp, of?: object])[] = [
    [complete, /entity keyless.*has no key/, keyless],
    [{ ...complete, state: {} }, /`state` is not a schema/],
    [{ ...complete, events: { Added: z.object({}), Reset: 1 } }, /event "Reset" is not a schema/],
    [{ ...complete, events: { "Was Added": z.object({}) } }, /event "Was Added".*A-Z/],
    [{ ...complete, decide: { add: () => undefined } }, /entity tally.*`decide` lacks "reset": every command/],
    [{ ...complete, decide: undefined }, /`decide` lacks "add", "reset"/],
    [{ ...complete, decide: { ...complete.decide, ad: () => undefined } }, /`decide` names "ad", which is no command/],
    [{ ...complete, decide: { ...complete.decide, total: () => undefined } }, /`decide` names "total", which is no command/],
    [{ ...complete, decide: { ...complete.decide, reset: true } }, /`decide\.reset` is not a function/],
    [{ ...complete, evolve: { Added } }, /`evolve` lacks "Reset": every event/],
    [{ ...complete, evolve: { ...complete.evolve, Gone: Added } }, /`evolve` names "Gone", which is no event/],
    [{ ...complete, evolve: null }, /`evolve` is not an object/],
    [{ ...complete, queries: {} }, /`queries` lacks "total": every query/],
    [{ ...complete, publish: undefined }, /`publish` lacks "changed": every topic/],
    [{ ...complete, publish: { ...complete.publish, other: {} } }, /`publish` names "other", which is no topic/],
    [{ ...complete, publish: { changed: { Adde: Added } } }, /`publish\.changed` names "Adde", which is no event/],
    [{ ...complete, publish: { changed: { Added: 1 } } }, /`publish\.changed\.Added` is not a function/],
    [{ ...complete, publish: { changed: null } }, /`publish\.changed` is not an object/],
    [{ ...complete, upcast: { Adde: [] } }, /`upcast` names "Adde", which is no event/],
    [{ ...complete, upcast: { Added } }, /`upcast\.Added` is not a list of functions/],
    [{ ...complete, upcast: { Added: [1] } }, /`upcast\.Added` is not a list of functions/],
    [{ ...complete, initial: { total: "none" } }, /`initial` is not a state.*\/total/],
    [{ ...complete, initial: undefined }, /`initial` is not a state/],
    [{ ...complete, query: {} }, /"query" is no part of an entity.*queries/],
  ];
  for (const [how, message, of] of wrong) assert.match(refusal(how, of), message);
});
