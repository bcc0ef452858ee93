// Moleculer over its TCP transporter: this process asks, another one of its own is asked, as with ours.
import { serving } from "../child.ts";
import { freePort } from "../free-port.ts";
import { versionOf } from "./library.ts";
import { brokerOf, type Ports } from "./moleculer-setting.ts";
import { servePeer } from "./peer-process.ts";

/** What the load expects of three steps, in one. */
const by = 3;

await servePeer(async () => {
  const ports: Ports = { asking: await freePort(), served: await freePort() };
  const served = await serving("peers/moleculer-served.ts", ports);
  const broker = await brokerOf("asking", ports);
  await broker.start();
  await broker.waitForServices("adder");
  return {
    name: `Moleculer ${versionOf("moleculer")}, TCP`,
    workflow: () => broker.call("adder.add", { by }),
    cpuUs: () => served.cpuUs(),
    close: async () => {
      await broker.stop();
      await served[Symbol.asyncDispose]();
    },
  };
});
