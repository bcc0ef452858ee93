#!/usr/bin/env node
// @ts-check
// The entry of the command, and the only file that is JavaScript also in the repository: it must run far enough on an old Node to
// say that it is too old, and what Node has to strip of its types before compiled code is cached costs every start 45 ms.
// Everything else is imported afterwards.
import * as module from "node:module";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`atoll: Node ${process.versions.node} is too old; install Node 22.18 or newer\n`);
  process.exit(1);
}
// Compiled code is kept between starts: that halves the time to the first answer.
module.enableCompileCache();
const { main } = await import("./main.ts");
process.exitCode = await main(process.argv.slice(2));
