// Runs the HTTP behaviour through `@stoplight/prism-cli proxy --errors`, which compares every request and answer with the
// OpenAPI document. Prism is no dependency (it brings 90 MB): this is run by hand, and before a release.
//
//   node packages/gateway/test/prism.ts [path of the prism executable; default: npx --yes @stoplight/prism-cli@5]
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { httpBehaviour } from "./http-behaviour.ts";
import { serveTrial, type TrialServer } from "./trial-server.ts";

const [executable] = process.argv.slice(2);
const [command, first] = executable === undefined ? ["npx", ["--yes", "@stoplight/prism-cli@5"]] : [executable, []];
const installed = spawnSync(command, [...first, "--version"], { encoding: "utf8" });
if (installed.status !== 0) {
  console.error(`Prism does not run: ${installed.stderr}\nInstall it with: npm install --global @stoplight/prism-cli@5`);
  process.exit(1);
}

let server: TrialServer;
let base = "";
let prism: ReturnType<typeof spawn>;

before(async () => {
  server = await serveTrial();
  const document = join(mkdtempSync(join(tmpdir(), "atoll-prism-")), "openapi.json");
  writeFileSync(document, await (await fetch(`${server.url}/openapi.json`)).text());
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  prism = spawn(command, [...first, "proxy", document, server.url, "--errors", "-p", String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  prism.stdout?.on("data", (chunk: Buffer) => {
    if (String(chunk).includes("listening")) resolve();
  });
  await listening;
});

after(async () => {
  prism.kill();
  await server.stop();
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

httpBehaviour(() => base, "prism");
