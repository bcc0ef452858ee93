import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "./metrics.ts";

const linesOf = (metrics: Metrics): readonly string[] => {
  const text = metrics.render();
  assert(text.endsWith("\n"));
  return text.slice(0, -1).split("\n");
};

test("metrics: families are rendered by name, each with its help and type once, series in order of creation", () => {
  const metrics = new Metrics();
  const right = metrics.counter("b_total", "Of b.", { side: "right" });
  metrics.gauge("a_now", "Of a.", {}, () => 7);
  const left = metrics.counter("b_total", "Of b.", { side: "left", kind: "x" });
  right.add(2);
  right.add(1);
  left.add(0.5);
  assert.deepEqual(linesOf(metrics), [
    "# HELP a_now Of a.",
    "# TYPE a_now gauge",
    "a_now 7",
    "# HELP b_total Of b.",
    "# TYPE b_total counter",
    'b_total{side="right"} 3',
    'b_total{side="left",kind="x"} 0.5',
  ]);
});

test("metrics: backslash, quote and newline in a label value are escaped, and nothing else is", () => {
  const metrics = new Metrics();
  metrics.counter("c_total", "Of c.", { path: 'C:\\new "dir"\nend', other: "é{},=\t" });
  assert.equal(linesOf(metrics)[2], 'c_total{path="C:\\\\new \\"dir\\"\\nend",other="é{},=\t"} 0');
});

test("metrics: a gauge is read when it is rendered, not before", () => {
  const metrics = new Metrics();
  let now = 1;
  let reads = 0;
  metrics.gauge("d_now", "Of d.", { side: "left" }, () => {
    reads += 1;
    return now;
  });
  assert.equal(reads, 0);
  now = 5;
  assert.equal(linesOf(metrics)[2], 'd_now{side="left"} 5');
  now = -0.25;
  assert.equal(linesOf(metrics)[2], 'd_now{side="left"} -0.25');
});

test("metrics: buckets of a histogram are cumulative, bounds belong to their bucket, and the last bucket equals the count", () => {
  const metrics = new Metrics();
  const histogram = metrics.histogram("e_seconds", "Of e.", { service: "cart" }, [0.1, 1, 10]);
  for (const value of [0.05, 0.1, 0.1000001, 1, 5, 10, 11, 100]) histogram.observe(value);
  assert.deepEqual(linesOf(metrics), [
    "# HELP e_seconds Of e.",
    "# TYPE e_seconds histogram",
    'e_seconds_bucket{service="cart",le="0.1"} 2',
    'e_seconds_bucket{service="cart",le="1"} 4',
    'e_seconds_bucket{service="cart",le="10"} 6',
    'e_seconds_bucket{service="cart",le="+Inf"} 8',
    'e_seconds_sum{service="cart"} 127.2500001',
    'e_seconds_count{service="cart"} 8',
  ]);
});

test("metrics: a histogram without labels or observations is complete", () => {
  const metrics = new Metrics();
  metrics.histogram("f_records", "Of f.", {}, [1]);
  assert.deepEqual(linesOf(metrics).slice(2), [
    'f_records_bucket{le="1"} 0',
    'f_records_bucket{le="+Inf"} 0',
    "f_records_sum 0",
    "f_records_count 0",
  ]);
});

test("metrics: every sample line has the form that the text format demands", () => {
  const metrics = new Metrics();
  metrics.counter("g_total", "Of g.", { a: "1", b: "\\" }).add(1e21);
  metrics.gauge("h_now", "Of h.", {}, () => 1e-7);
  metrics.histogram("i_seconds", "Of i.", { a: '"' }, [1e-7, 2.5]).observe(3);
  const sample = /^[a-z_]+(\{[a-z_]+="([^"\\\n]|\\[\\n"])*"(,[a-z_]+="([^"\\\n]|\\[\\n"])*")*\})? -?\d+(\.\d+)?(e[+-]\d+)?$/;
  const lines = linesOf(metrics).filter((line) => !line.startsWith("#"));
  assert.equal(lines.length, 7);
  for (const line of lines) assert.match(line, sample);
});

test("metrics: a label that is common to a registry is on every series, but where the series has one of that name itself", () => {
  const metrics = new Metrics({ node: "stock-1", service: "stock" });
  metrics.counter("j_total", "Of j.");
  metrics.gauge("k_now", "Of k.", { service: "other", a: "b" }, () => 1);
  metrics.histogram("l_seconds", "Of l.", {}, [1]);
  assert.deepEqual(
    linesOf(metrics).filter((line) => !line.startsWith("#")),
    [
      'j_total{node="stock-1",service="stock"} 0',
      'k_now{node="stock-1",service="other",a="b"} 1',
      'l_seconds_bucket{node="stock-1",service="stock",le="1"} 0',
      'l_seconds_bucket{node="stock-1",service="stock",le="+Inf"} 0',
      'l_seconds_sum{node="stock-1",service="stock"} 0',
      'l_seconds_count{node="stock-1",service="stock"} 0',
    ],
  );
});
