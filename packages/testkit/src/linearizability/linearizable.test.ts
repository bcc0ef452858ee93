// The checker against objects that are linearizable by construction, against what another, slower one says of any small history, and what it
// tells. Histories of which the verdict is known: known-histories.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { History, type Operation } from "./history.ts";
import { assertLinearizable, judge } from "./linearizable.ts";
import { type Answered, type Asked, drawn, object } from "./objects-under-test.ts";
import { textOf } from "./search.ts";

type Done = Operation<Asked, Answered>;

const ofNumber: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({ write: fc.nat(2) }),
  fc.constant({ read: true } as const),
  fc.record({ swap: fc.tuple(fc.nat(2), fc.nat(2)) }),
  fc.record({ add: fc.constantFrom(1, 2) }),
);
const ofList: fc.Arbitrary<Asked> = fc.oneof(fc.record({ append: fc.constantFrom("x", "y") }), fc.constant({ list: true } as const));

/** Callers, each with one operation at a time, and an object that does what has been called at any moment of its own. */
function run(script: readonly (readonly [caller: number, Asked, "go" | "dead" | "unheard"])[]): readonly Done[] {
  const history = new History<Asked, Answered>();
  let { initial: state } = object;
  const callers = new Map<number, { readonly input: Asked; readonly called: ReturnType<typeof history.call>; output?: Answered }>();
  for (const [caller, input, fate] of script) {
    const under = callers.get(caller);
    if (under === undefined) {
      callers.set(caller, { input, called: history.call("k", input) });
    } else if (!("output" in under) && fate !== "dead") {
      const { state: next, output } = object.apply(state, under.input);
      state = next;
      under.output = output;
    } else {
      if ("output" in under && fate === "go") under.called.returned(under.output);
      callers.delete(caller); // else it stays open: done and nobody heard of it, or never done
    }
  }
  return history.operations;
}

/** One of so many operations stays open. */
const histories = (stepsMax: number, callers: number, openOneIn: number): fc.Arbitrary<readonly Done[]> => {
  const fate = fc.nat(2 * openOneIn).map((n) => (n === 0 ? "dead" : n === 1 ? "unheard" : "go"));
  const script = (asked: fc.Arbitrary<Asked>): fc.Arbitrary<readonly Done[]> =>
    fc.array(fc.tuple(fc.nat(callers - 1), asked, fate), { maxLength: stepsMax, size: "max" }).map(run);
  return fc.oneof(script(ofNumber), script(ofList));
};

/** Every order that real time allows, with any of the open ones left out. */
function isExplained(operations: readonly Done[], state = object.initial): boolean {
  if (operations.every(({ answer }) => answer === undefined)) return true;
  return operations.some((operation) => {
    const rest = operations.filter((other) => other !== operation);
    if (rest.some(({ answer }) => answer !== undefined && answer.returned < operation.called)) return false;
    const { state: next, output } = object.apply(state, operation.input);
    if (operation.answer !== undefined && textOf(output) !== textOf(operation.answer.output)) return false;
    return isExplained(rest, next);
  });
}

test("linearizable: whatever an object does that is atomic is accepted, also when answers are lost and operations die", () => {
  let open = 0;
  fc.assert(
    fc.property(histories(300, 4, 30), (operations) => {
      assert.deepEqual(judge(operations, object), { kind: "linearizable" });
      open += operations.filter(({ answer }) => answer === undefined).length;
    }),
    { numRuns: 100 },
  );
  assert(open > 100);
});

test("linearizable: of any small history it says what trying every order says", () => {
  const verdicts = { linearizable: 0, broken: 0, undecided: 0 };
  /** An answer that is exchanged for another one, and calls and answers at other times. */
  const wrong = fc.tuple(
    fc.nat(20),
    fc.constantFrom<Answered>(0, 1, 2, 3, true, false, [], ["x"], ["y", "x"]),
    fc.nat(20),
    fc.integer({ min: -6, max: 6 }),
  );
  fc.assert(
    fc.property(histories(24, 4, 3), fc.array(wrong, { maxLength: 3 }), (operations, mistakes) => {
      const history = operations.slice(0, 8);
      for (const [which, output, other, shift] of mistakes) {
        const [a, b] = [which, other].map((n) => n % Math.max(1, history.length)) as [number, number];
        const [first, second] = [history[a], history[b]];
        if (first?.answer) history[a] = { ...first, answer: { ...first.answer, output } };
        if (second?.answer && a !== b)
          history[b] = {
            ...second,
            called: second.called + Math.min(0, shift),
            answer: { ...second.answer, returned: Math.max(second.called, second.answer.returned + shift) },
          };
      }
      const { kind } = judge(history, object);
      assert.equal(kind, isExplained(history) ? "linearizable" : "broken");
      verdicts[kind] += 1;
    }),
    { numRuns: 2_000 },
  );
  assert(verdicts.linearizable > 300 && verdicts.broken > 300, JSON.stringify(verdicts));
});

test("linearizable: a longer history with a mistake in it is refused, at the answer that shows it, within few ways", () => {
  fc.assert(
    fc.property(histories(300, 3, 100), fc.nat(1_000), (operations, which) => {
      const reads = operations.filter(({ input, answer }) => "read" in input && answer !== undefined);
      const wrong = reads[which % Math.max(1, reads.length)];
      fc.pre(wrong?.answer !== undefined);
      const answer = { ...wrong.answer, output: -1 };
      const history = operations.map((operation) => (operation === wrong ? { ...operation, answer } : operation));
      const verdict = judge(history, object, { waysMax: 50_000 });
      assert.equal(verdict.kind === "broken" ? verdict.contradiction.operation.called : verdict.kind, wrong.called);
    }),
    { numRuns: 10 },
  );
});

test("linearizable: keys are judged one by one, and the broken one is named", () => {
  const [stale] = [drawn("|w1|", "     |r=0|")];
  const fine = stale.slice(0, 1).map((operation) => ({ ...operation, key: "fine" }));
  const verdict = judge([...fine, ...stale], object);
  assert.equal(verdict.kind === "broken" && verdict.contradiction.key, "k");
});

test("linearizable: what is refused certainly never happened and is not in the history; what nobody has heard of is open", () => {
  const history = new History<Asked, Answered>();
  history.call("k", { write: 1 }).refused();
  history.call("k", { write: 2 });
  history.call("k", { read: true }).returned(0);
  assert.deepEqual(history.operations, [
    { key: "k", input: { write: 2 }, called: 2, answer: undefined },
    { key: "k", input: { read: true }, called: 3, answer: { returned: 4, output: 0 } },
  ]);
});

test("linearizable: it tells the answer that nothing explains, what was possible then, and what was under way", () => {
  const history = drawn("|w1|", "     |w2|", "          |w3", "             |r=1|", "   |w4", "                   |r=9|");
  assert.throws(() => assertLinearizable(history, object), {
    name: "AssertionError",
    message: [
      "linearizable: no order of the operations on k explains this answer",
      '  [13, 17] {"read":true} → 1',
      "what was possible when it was called:",
      '  {"list":[],"value":2}',
      '  {"list":[],"value":3}',
      '  {"list":[],"value":4}',
      "may have taken effect before it or not:",
      '  [3, open] {"write":4}',
      '  [10, open] {"write":3}',
      "answered before it was called, at last:",
      '  [0, 3] {"write":1} → null',
      '  [5, 8] {"write":2} → null',
    ].join("\n"),
  });
  assertLinearizable(history.slice(0, 3), object);
});

test("linearizable: with more under way at a time than can be tried there is no verdict, and that is told, not passed over", () => {
  const adds = Array.from({ length: 16 }, (_, n): Done => ({
    key: "k",
    input: { append: `${n}` },
    called: n,
    answer: { returned: 100, output: null },
  }));
  const history = [...adds, { key: "k", input: { list: true } as const, called: 101, answer: { returned: 102, output: ["no"] } }];
  assert.throws(() => assertLinearizable(history, object, { waysMax: 10_000 }), {
    message: "linearizable: k has too much under way at a time: no verdict after 10000 ways",
  });
});
