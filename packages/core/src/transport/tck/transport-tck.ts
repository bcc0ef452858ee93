// The conformance suite of the transport port: every implementation runs it. The laws are numbered in transport.ts; a test's
// name begins with the one it is about. Imported by path, from tests only.
import { describe } from "node:test";
import { handshakeLaws } from "./handshake-laws.ts";
import { linkLaws } from "./link-laws.ts";
import type { Setup, Subject, TransportTckOptions } from "./transport-under-test.ts";

/** Registers the suite with node:test. `setup` is called afresh for every run of a test. */
export function transportTck(name: string, setup: Setup, options: Partial<TransportTckOptions> = {}): void {
  const subject: Subject = { setup, options: { sized: true, seeds: 1, ...options } };
  describe(`transport ${name}`, () => {
    linkLaws(subject);
    handshakeLaws(subject);
  });
}
