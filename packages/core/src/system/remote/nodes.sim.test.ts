// Services on nodes of their own under crashes, cuts and a network that loses and repeats (test/sim/nodes-world.ts, K1 to K6).
import { test } from "node:test";
import { nodesRun } from "../../../test/sim/nodes-world.ts";
import { eachSeed } from "../../../test/sim/seeds.ts";

const name = "nodes: whatever crashes and whatever is cut, what is acknowledged is there, once, and heard of once";
const marks = ["done", "read", "crash process", "crash machine", "cut both", "cut there", "unknown and done", "unknown and not done"];

test(name, () => eachSeed(name, 60, marks, nodesRun));
