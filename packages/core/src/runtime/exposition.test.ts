import assert from "node:assert/strict";
import { test } from "node:test";
import { exposition } from "./exposition.ts";
import { Metrics } from "./metrics.ts";

const registry = (node: string, name: string, kind: "counter" | "gauge" = "counter"): Metrics => {
  const metrics = new Metrics({ node });
  if (kind === "counter") metrics.counter(name, `Of ${name} at ${node}.`).add(2);
  else metrics.gauge(name, `Of ${name} at ${node}.`, {}, () => 3);
  return metrics;
};
const of = (...all: readonly Metrics[]): string => exposition(all.map((metrics) => metrics.families()));

test("exposition: a family of several registries has its help and type once, and below them the lines of all, families by name", () => {
  assert.equal(
    of(registry("n-1", "b_total"), registry("n-2", "a_total"), registry("n-3", "b_total")),
    [
      "# HELP a_total Of a_total at n-2.",
      "# TYPE a_total counter",
      'a_total{node="n-2"} 2',
      "# HELP b_total Of b_total at n-1.",
      "# TYPE b_total counter",
      'b_total{node="n-1"} 2',
      'b_total{node="n-3"} 2',
      "",
    ].join("\n"),
  );
});

test("exposition: where two registries mean something else by a name, the lines of the first are shown, so that the text stays valid", () => {
  const text = of(registry("n-1", "c_total"), registry("n-2", "c_total", "gauge"), registry("n-3", "c_total"));
  assert.deepEqual(text.split("\n"), [
    "# HELP c_total Of c_total at n-1.",
    "# TYPE c_total counter",
    'c_total{node="n-1"} 2',
    'c_total{node="n-3"} 2',
    "",
  ]);
});
