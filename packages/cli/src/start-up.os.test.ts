// What a start loads (ADR 0024): speed is for the bench, but what must not be loaded can be said.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AtollProcess, exampleHello, systemFile } from "../test/atoll-process.ts";

/** Says at the end what was loaded, of files and of Node's own. */
const spy = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
process.on("exit", () => process.stderr.write("loaded " + [...loaded, ...process.moduleLoadList].join(" ") + "\\n"));
`;

/** By service; "" is the process that was started. */
async function loadedBy(file: string, ...flags: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const data = await mkdtemp(join(tmpdir(), "atoll-start-up-"));
  try {
    const execArgv = ["--import", `data:text/javascript,${encodeURIComponent(spy)}`];
    await using running = new AtollProcess(["run", file, "--port", "0", "--data", data, ...flags], { execArgv });
    await running.prints(/is running/);
    const { stderr } = await running.stop();
    const loaded = new Map([["", /^loaded (.*)$/m.exec(stderr)?.[1] ?? assert.fail(stderr)]]);
    for (const [, service = "", text = ""] of stderr.matchAll(/"event":"node.printed".*"service":"([a-z]+)".*"text":"loaded (.*)"\}$/gm))
      loaded.set(service, text);
    return loaded;
  } finally {
    await rm(data, { recursive: true });
  }
}

const rooms = [
  "saga/machine.ts",
  "subscription/deliverer.ts",
  "resilience/dependency.ts",
  "tables/sqlite/index.ts",
  "hono/dist",
  "undici/undici",
];

test("start-up: of a system of entities and routes, no room is loaded that it has no part for", async () => {
  const loaded = (await loadedBy(exampleHello, "--isolation", "shared")).get("") ?? "";
  assert.match(loaded, /entity\/host\.ts/);
  assert.deepEqual(
    [...rooms, "system/remote", "supervisor/supervisor.ts"].filter((room) => loaded.includes(room)),
    [],
  );
});

test("start-up: neither is one loaded where each service has a process of its own", async () => {
  const loaded = await loadedBy(exampleHello);
  assert.deepEqual([...loaded.keys()].sort(), ["", "counter", "gateway"]);
  assert.match(loaded.get("counter") ?? "", /entity\/host\.ts/);
  for (const service of ["counter", "gateway"])
    assert.deepEqual(
      rooms.filter((room) => loaded.get(service)?.includes(room)),
      [],
      service,
    );
});

test("start-up: what plays sagas is loaded for a system that has some", async () => {
  const loaded = (await loadedBy(systemFile("stuck"), "--isolation", "shared")).get("") ?? "";
  assert.match(loaded, /saga\/machine\.ts/);
});
