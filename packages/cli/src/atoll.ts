#!/usr/bin/env node
// The entry of the command. It must run far enough on an old Node to say that it is too old, so everything else is
// imported afterwards.
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
