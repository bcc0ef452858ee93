// `atoll breakers` against a running system: see test/systems/brittle.ts.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { BreakerStatus } from "@atoll/core";
import { atoll, AtollProcess, type Ended, exampleHello, refused, systemFile } from "../test/atoll-process.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-breakers-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const brittle = (data: string, bank: "up" | "down"): AtollProcess =>
  new AtollProcess(["run", systemFile("brittle"), "--port", "0", "--data", data], { env: { ATOLL_TEST_BANK: bank } });

interface Bought {
  readonly status: number;
  readonly code: string | undefined;
}

async function buy(url: string): Promise<Bought> {
  const response = await fetch(`${url}/purchases`, { method: "POST" });
  const text = await response.text();
  return { status: response.status, code: response.ok ? undefined : (JSON.parse(text) as { readonly code: string }).code };
}

function breakersOf({ code, stdout, stderr }: Ended): readonly BreakerStatus[] {
  assert.deepEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout) as readonly BreakerStatus[];
}

test("atoll breakers: one that opened by itself is listed with why, closed by an operator, and cut off by one until it is given back", async () => {
  const data = join(folder, "down");
  const breakers = (...args: readonly string[]): Promise<Ended> => atoll(["breakers", ...args, "--data", data]);
  await using running = brittle(data, "down");
  const url = await running.url();
  const [fresh] = breakersOf(await breakers("--json"));
  assert.deepEqual(
    { ...fresh, since: "" },
    { service: "shop", contract: "bank", state: "closed", since: "", failed: 0, worked: 0, running: 0, waiting: 0, retries: 10 },
  );

  // The second attempt opens it.
  assert.deepEqual(await buy(url), { status: 504, code: "UNKNOWN_OUTCOME" });
  assert.deepEqual(await buy(url), { status: 503, code: "BREAKER_OPEN" });
  const listed = await breakers();
  assert.deepEqual([listed.code, listed.stderr], [0, ""]);
  assert.match(
    listed.stdout,
    /^SERVICE +CONTRACT +STATE +SINCE +FAILED +WORKED +LAST FAILURE +RUNNING +WAITING\nshop +bank +open +\S+Z +2 +0 +UNKNOWN_OUTCOME +0 +0\n$/,
  );
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^atoll_breaker_state\{node="shop-1",service="shop",contract="bank"\} 2$/m);
  assert.equal((await fetch(`${url}/health`)).status, 200);

  const closed = await breakers("close", "shop", "bank");
  assert.deepEqual([closed.code, closed.stdout], [0, "closed contract bank for service shop: calls go through again\n"]);
  assert.equal((await breakers("close", "shop", "bank")).stdout, "contract bank for service shop was not cut off\n");
  assert.deepEqual(await buy(url), { status: 504, code: "UNKNOWN_OUTCOME" });
  assert.equal((await running.stop()).code, 0);

  await refused(breakers(), 1, /^atoll: no process runs \/.*\/down: breakers live in a running system; start it with `atoll run`\n$/);
  await refused(breakers("open", "shop", "bank"), 1, /^atoll: no process runs /);
});

test("atoll breakers: a contract cut off by an operator is not called until it is closed, or the system starts again", async () => {
  const data = join(folder, "up");
  const breakers = (...args: readonly string[]): Promise<Ended> => atoll(["breakers", ...args, "--data", data]);
  {
    await using running = brittle(data, "up");
    const url = await running.url();
    assert.equal((await buy(url)).status, 204);
    const opened = await breakers("open", "shop", "bank");
    assert.equal(opened.stdout, "cut off contract bank for service shop, until `atoll breakers close shop bank` or the next start\n");
    assert.deepEqual(await buy(url), { status: 503, code: "BREAKER_OPEN" });
    assert.match((await breakers("open", "shop", "bank")).stdout, /^was cut off already: contract bank for service shop, until /);
    assert.equal(breakersOf(await breakers("list", "--json"))[0]?.state, "forced-open");
    const [given] = breakersOf(await breakers("close", "shop", "bank", "--json"));
    assert.equal(given?.state, "closed");
    assert.equal((await buy(url)).status, 204);
    const [cut] = breakersOf(await breakers("open", "shop", "bank", "--json"));
    assert.equal(cut?.state, "forced-open");

    await refused(breakers("open", "shp", "bank"), 1, /^atoll: there is no service "shp" here; there are: bank, shop, gateway\n$/);
    await refused(breakers("open", "bank", "bank"), 1, /^atoll: service "bank" lists no contract under `calls`, so it has no breakers\n$/);
    await refused(
      breakers("close", "shop", "bnk"),
      1,
      /^atoll: service "shop" does not list contract "bnk" under `calls`; it lists: bank\n$/,
    );
    running.kill("SIGKILL");
    await running.ended;
  }
  await using again = brittle(data, "up");
  assert.equal((await buy(await again.url())).status, 204);
});

test("atoll breakers: a system whose services list nothing has none; wrong command lines are usage errors", async () => {
  const cwd = join(folder, "cwd");
  await mkdir(cwd);
  await Promise.all([
    refused(atoll(["breakers"], { cwd }), 2, /^atoll: there is no data directory in \.atoll: name one with --data\n$/),
    refused(atoll(["breakers", "lst"], { cwd }), 2, /^atoll: unknown command 'breakers lst'/),
    refused(atoll(["breakers", "open"], { cwd }), 2, /^atoll: missing required argument 'SERVICE'/),
    refused(atoll(["breakers", "close", "shop"], { cwd }), 2, /^atoll: missing required argument 'CONTRACT'/),
    refused(atoll(["breakers", "open", "a", "b", "c"], { cwd }), 2, /^atoll: too many arguments/),
    refused(atoll(["breakers", "--data", "none"], { cwd }), 1, /^atoll: the data directory none cannot be read: /),
  ]);
  await using running = new AtollProcess(["run", exampleHello, "--port", "0"], { cwd });
  await running.url();
  assert.equal((await atoll(["breakers"], { cwd })).stdout, "there are no breakers: no service lists a contract under `calls`\n");
  assert.deepEqual(breakersOf(await atoll(["breakers", "--json"], { cwd })), []);
});
