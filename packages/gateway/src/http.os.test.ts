// The behaviour that clients rely on, over real sockets.
import { after, before } from "node:test";
import { httpBehaviour } from "../test/http-behaviour.ts";
import { serveTrial, type TrialServer } from "../test/trial-server.ts";

let server: TrialServer;
before(async () => {
  server = await serveTrial();
});
after(() => server.stop());

httpBehaviour(() => server.url, "direct");
