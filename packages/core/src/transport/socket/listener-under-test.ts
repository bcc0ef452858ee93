// A node in a process of its own, for tests that kill and stop it: listens, and says on standard output what it hears.
// Arguments: path of the socket.
import { nodeRuntime } from "../../runtime/node/index.ts";
import { SocketTransport } from "./socket-transport.ts";
import { listenerSelf, processLimits } from "./process-setting.ts";

const runtime = nodeRuntime({ logger: { log: () => {} } });
runtime.hold();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

await new SocketTransport(runtime, { system: "trial", self: listenerSelf, limits: processLimits }).listen(
  process.argv[2] as string,
  "secret",
  (link) => ({
    message: (message) => {
      say(`message ${JSON.stringify(message)}`);
      link.send(JSON.stringify({ heard: message }));
    },
    room: () => {},
    closed: ({ kind }) => say(`closed ${kind}`),
  }),
);
say("listening");
