// Histories of which it is known whether an object can have behaved so. Time goes from left to right.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./linearizable.ts";
import { drawn, object } from "./objects-under-test.ts";

const good: { readonly [name: string]: readonly string[] } = {
  "nothing at all": [],
  "one after the other": ["|w1|", "     |r=1|", "          |w2|", "               |r=2|"],
  "a read during a write sees the value before": ["|w1-------|", "   |r=0|"],
  "a read during a write sees the value after": ["|w1-------|", "   |r=1|"],
  "two writes at once, and reads that agree on their order": ["|w1-------|", "|w2-------|", "           |r=1|", "                 |r=1|"],
  "two reads during one write, the second one newer": ["|w1----------------|", "  |r=0|", "         |r=1|"],
  "writes that overtake each other": ["|w1-----------------|", "   |w2|", "        |r=2|", "              |r=1|"],
  "an open write that takes effect late": ["|w1", "     |r=0|", "           |w2|", "                |r=2|", "                      |r=1|"],
  "an open write that never takes effect": ["|w1", "     |r=0|", "           |w2|", "                |r=2|"],
  "an open write that only a swap has seen": ["|w1", "   |s1>2=yes|", "              |r=2|"],
  "a swap that loses against another one": ["|s0>1=yes---|", "|s0>2=no----|", "              |r=1|"],
  "adds at once, each counted once": ["|+1=1----|", "|+1=3----|", "|+1=2----|", "           |r=3|"],
  "an open add, counted once": ["|+1", "   |+1=2|", "          |r=2|"],
  "an open add, not counted": ["|+1", "   |+1=1|", "          |r=1|"],
  "an open add that only the last read has seen": ["|+1", "   |+1=1|", "          |r=1|", "                |r=2|"],
  "appends at once, in one order for all": ["|ax-----|", "|ay-----|", "         |l=y,x|", "         |l=y,x|"],
  "two open appends, of which one is there": ["|ax", "|ay", "    |l=y|", "          |l=y|"],
  "an old owner that answers what was asked before it was replaced": ["|r=0--------------|", "     |w1|"],
};

const bad: { readonly [name: string]: readonly [at: string, ...lines: readonly string[]] } = {
  "a stale read": ["r=0", "|w1|", "     |r=0|"],
  "a read of a value that nobody wrote": ["r=7", "|w1|", "     |r=7|"],
  "a read from the future": ["r=1", "|r=1|", "      |w1|"],
  "a lost update": ["s0>2=yes", "|w0|", "     |s0>1=yes|", "     |s0>2=yes---|", "                   |r=2|"],
  "reads out of order, during one write": ["r=0", "|w1----------------|", "  |r=1|", "         |r=0|"],
  "reads out of order, of two writes at once": [
    "r=2",
    "|w1-----|",
    "|w2-----|",
    "         |r=1|",
    "               |r=2|",
    "                     |r=1|",
  ],
  "two readers that see two writes in opposite orders": [
    "r=1",
    "|w1-----|",
    "|w2-----|",
    "         |r=1---------|",
    "         |r=2|",
    "                       |r=2|",
    "                             |r=1|",
  ],
  "an open write that is seen and forgotten": ["r=0", "|w1", "    |r=1|", "         |r=0|"],
  "an open write that takes effect twice": ["r=1", "|w1", "    |r=1|", "         |w2|", "              |r=2|", "                    |r=1|"],
  "an open write that is seen before it was called": ["r=1", "|r=1|", "      |w1"],
  "an add that is applied twice": ["r=2", "|+1=1|", "        |r=2|"],
  "an open add that is applied twice": ["r=2", "|+1", "    |r=2|"],
  "two adds that give the same": ["+1=1", "|+1=1|", "        |+1=1|"],
  "two adds at once that give the same": ["+1=1", "|+1=1----|", "|+1=1------|"],
  "an append that is lost": ["l=y", "|ax|", "     |ay|", "          |l=y|"],
  "an append that is there twice": ["l=x,x", "|ax|", "     |l=x,x|"],
  "an open append that is there twice": ["l=x,y,x", "|ax", "   |ay|", "         |l=x,y,x|"],
  "appends in another order than they were answered": ["l=y,x", "|ax|", "     |ay|", "          |l=y,x|"],
  "appends in one order for one, in the other for another": [
    "l=x,y",
    "|ax-----|",
    "|ay-----|",
    "         |l=y,x|",
    "                  |l=x,y|",
  ],
  "an old owner that answers from before it was replaced": ["r=0", "|w1|", "     |w2|", "          |r=2|", "                |r=0|"],
  "an old owner that takes a write after the new one has answered": [
    "r=1",
    "|w1|",
    "     |r=1|",
    "           |w2|",
    "                |r=1|",
    "                      |r=2|",
  ],
};

for (const [name, lines] of Object.entries(good))
  test(`linearizable: ${name}`, () => assert.deepEqual(judge(drawn(...lines), object), { kind: "linearizable" }));

for (const [name, [at, ...lines]] of Object.entries(bad)) {
  test(`not linearizable: ${name}`, () => {
    const verdict = judge(drawn(...lines), object);
    assert(verdict.kind === "broken");
    const { operation } = verdict.contradiction;
    const where = lines.findIndex((each) => each.indexOf("|") === operation.called && each.includes(`|${at}`));
    assert(where >= 0, `${at} cannot be explained, and not ${JSON.stringify(operation)}`);
  });
}
