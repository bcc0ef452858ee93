import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@atoll/core";
import { patternOf, RouteTable, type Match } from "./pattern.ts";
import { Problem } from "./problem.ts";

const tableOf = (...routes: readonly string[]): RouteTable<string> => {
  const table = new RouteTable<string>();
  for (const route of routes) table.add(patternOf(route), route);
  return table;
};
const found = (match: Match<string>): string => (match.kind === "found" ? `${match.route} ${JSON.stringify(match.values)}` : match.kind);
const invalid = (define: () => unknown, says: RegExp): void =>
  assert.throws(define, (error: unknown) => error instanceof Failure && error.code === "INVALID_DEFINITION" && says.test(error.message));

test("routes: a literal segment wins over a parameter in either order of definition", () => {
  for (const table of [tableOf("GET /a/size", "GET /a/:id"), tableOf("GET /a/:id", "GET /a/size")]) {
    assert.equal(found(table.match("GET", "/a/size")), "GET /a/size []");
    assert.equal(found(table.match("GET", "/a/sizes")), 'GET /a/:id ["sizes"]');
  }
});

test("routes: where the literal leads nowhere the parameter is tried", () => {
  const table = tableOf("GET /a/size/max", "GET /a/:id/min", "POST /a/:id");
  assert.equal(found(table.match("GET", "/a/size/min")), 'GET /a/:id/min ["size"]');
  assert.equal(found(table.match("POST", "/a/size")), 'POST /a/:id ["size"]');
});

test("routes: a slash at the end, an empty segment and a longer path are other paths", () => {
  const table = tableOf("GET /a/:id", "GET /");
  assert.equal(found(table.match("GET", "/")), "GET / []");
  for (const path of ["/a/", "/a/1/", "/a//", "//a/1", "/a/1/2"]) assert.equal(found(table.match("GET", path)), "unknown", path);
});

test("routes: parameters are percent-decoded one segment each", () => {
  const table = tableOf("GET /a/:id", "GET /a/:id/b/:c");
  assert.equal(found(table.match("GET", "/a/x%2Fy%20z")), 'GET /a/:id ["x/y z"]');
  assert.equal(found(table.match("GET", "/a/%C3%B6/b/+")), 'GET /a/:id/b/:c ["ö","+"]');
  assert.equal(found(table.match("GET", "/%61/1")), 'GET /a/:id ["1"]');
});

test("routes: bad percent-encoding is a problem, wherever the path leads", () => {
  const table = tableOf("GET /a/:id");
  for (const path of ["/a/%", "/a/%z1", "/a/%C3", "/a/%ff", "/elsewhere/%e"]) {
    assert.throws(
      () => table.match("GET", path),
      (error: unknown) => error instanceof Problem && error.code === "MALFORMED",
      path,
    );
  }
});

test("routes: another method of a known path lists the methods that it has", () => {
  const table = tableOf("GET /a/:id", "DELETE /a/:id", "PUT /a/b");
  const match = table.match("POST", "/a/b");
  assert.equal(match.kind, "other-method");
  assert.deepEqual(match.kind === "other-method" && [...match.allow].toSorted(), ["DELETE", "GET", "PUT"]);
  assert.equal(found(table.match("HEAD", "/a/b")), 'GET /a/:id ["b"]');
});

test("routes: two routes for the same requests are refused, whatever their parameters are called", () => {
  invalid(() => tableOf("GET /a/:id", "GET /a/:sku"), /another route has the same method and path/);
  tableOf("GET /a/:id", "POST /a/:sku");
});

test("routes: a path that cannot be meant is refused with its reason", () => {
  for (const [route, says] of [
    ["/a", /must begin with one of GET/],
    ["FETCH /a", /must begin with one of GET/],
    ["GET a", /must begin with a slash/],
    ["GET /a/", /slash at its end/],
    ["GET //a", /empty segment/],
    ["GET /a/:", /no name of a parameter/],
    ["GET /a/:1st", /no name of a parameter/],
    ["GET /a/:__proto__", /no name of a parameter/],
    ["GET /a/:id/:id", /":id" appears twice/],
    ["GET /a b", /letters, digits/],
    ["GET /a/..", /letters, digits/],
    ["GET /a?b", /letters, digits/],
    [`GET ${"/a".repeat(17)}`, /more than 16 segments/],
  ] as const) {
    invalid(() => patternOf(route), says);
  }
});
