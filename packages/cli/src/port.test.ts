import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError } from "./command-error.ts";
import { portFrom } from "./port.ts";

test("port: --port wins over PORT, which wins over 8080; an empty PORT is none", () => {
  assert.deepEqual(
    [portFrom("1", "2"), portFrom(undefined, "2"), portFrom(undefined, ""), portFrom(undefined, undefined)],
    [1, 2, 8_080, 8_080],
  );
});

test("port: the bounds are ports, and 0 takes a free one", () => {
  assert.deepEqual([portFrom("0", undefined), portFrom("65535", undefined)], [0, 65_535]);
});

test("port: anything else is a usage error that names its source", () => {
  for (const wrong of ["a", "-1", "65536", "70000", "1.5", "", " 1", "0x10", "1e3"]) {
    assert.throws(
      () => portFrom(wrong, undefined),
      (error: unknown) => error instanceof CommandError && error.exitCode === 2 && error.message.startsWith("--port "),
    );
  }
  assert.throws(() => portFrom(undefined, "x"), /^CommandError: PORT of the environment .* not "x"$/);
});
