// The bank and the handlers that speak to it, over a real socket: what the shop gets to hear, and what the books say then.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Failure, service, start, system, type At } from "@atoll/core";
import { bank } from "./bank.ts";
import { Books } from "./books.ts";
import { Bank } from "./contract.ts";
import { calm, type BankFaults } from "./faults.ts";
import { BankServer } from "./server.ts";

interface BooksPage {
  readonly charged_cents: number;
  readonly refunded_cents: number;
  readonly payments: readonly { readonly order: string; readonly customer: string; readonly cents: number; readonly status: string }[];
}
interface Scene {
  readonly at: At;
  readonly url: string;
  /** The draws to come; 0.5 when there are none. Three per payment: delay, kind, before or after. */
  readonly draws: number[];
  readonly books: () => Promise<BooksPage>;
}

const payment = { orderId: "o1", customer: "eve", cents: 2_214 };
const booksOf = async (url: string, after = ""): Promise<BooksPage> =>
  (await (await fetch(`${url}/books?after=${after}`)).json()) as BooksPage;

async function withBank(faults: BankFaults, run: (scene: Scene) => Promise<void>): Promise<void> {
  const draws: number[] = [];
  await using server = await BankServer.open({ books: Books.open(":memory:"), faults, random: () => draws.shift() ?? 0.5, port: 0 });
  const { url } = server;
  await using running = await start(system("bank-trial", { services: [service("bank", [bank])] }), {
    config: { BANK_URL: url },
    logger: { log: () => {} },
  });
  await run({ at: running.at, url, draws, books: () => booksOf(url) });
}

const failureOf = async (asked: Promise<unknown>): Promise<Failure> => {
  const error = await asked.then(
    () => assert.fail("it was answered"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
};

test("bank: an order is charged once, however often it is asked, and refunded once", () =>
  withBank(calm, async ({ at, books }) => {
    for (let i = 0; i < 3; i += 1) assert.equal((await at(Bank).charge(payment)).rejected, undefined);
    assert.deepEqual(await books(), {
      charged_cents: 2_214,
      refunded_cents: 0,
      payments: [{ order: "o1", customer: "eve", cents: 2_214, status: "charged" }],
    });
    for (let i = 0; i < 2; i += 1) await at(Bank).refund({ orderId: "o1" });
    assert.equal((await at(Bank).charge(payment)).rejected, undefined);
    const { charged_cents: charged, refunded_cents: refunded } = await books();
    assert.deepEqual([charged, refunded], [2_214, 2_214]);
  }));

test("bank: a refund that overtakes its charge makes the charge move no money", () =>
  withBank(calm, async ({ at, books }) => {
    await at(Bank).refund({ orderId: "o1" });
    assert.equal((await at(Bank).charge(payment)).rejected, undefined);
    assert.deepEqual(await books(), {
      charged_cents: 0,
      refunded_cents: 0,
      payments: [{ order: "o1", customer: "", cents: 0, status: "void" }],
    });
  }));

test("bank: above 105.00 it declines, which is an answer", () =>
  withBank(calm, async ({ at, books }) => {
    assert.equal((await at(Bank).charge({ ...payment, cents: 10_500 })).rejected, undefined);
    const answer = await at(Bank).charge({ ...payment, orderId: "o2", cents: 10_501 });
    assert.equal(answer.rejected, "Declined");
    assert.equal((await books()).charged_cents, 10_500);
  }));

test("bank: an error says nothing about the money, and asked again the payment is made once", () =>
  withBank({ ...calm, errors: 0.5 }, async ({ at, draws, books }) => {
    for (const [before, cents] of [
      [0.4, 0],
      [0.6, 2_214],
    ] as const) {
      draws.push(0, 0.1, before);
      const failure = await failureOf(at(Bank).charge(payment));
      assert.deepEqual([failure.code, failure.outcome, failure.retry], ["UNKNOWN_OUTCOME", "unknown", "same-id"]);
      assert.equal((await books()).charged_cents, cents);
    }
    assert.equal((await at(Bank).charge(payment)).rejected, undefined);
    assert.equal((await books()).charged_cents, 2_214);
    draws.push(0, 0.1, 0.6);
    assert.equal((await failureOf(at(Bank).refund({ orderId: "o1" }))).outcome, "unknown");
    assert.equal((await books()).refunded_cents, 2_214);
  }));

test("bank: one that hangs is waited for as long as the caller allows, and its outcome is unknown", () =>
  withBank({ ...calm, hangs: 0.5 }, async ({ at, draws, books }) => {
    draws.push(0, 0.1, 0.6);
    const failure = await failureOf(at(Bank).charge(payment, { within: "50ms" }));
    assert.equal(failure.outcome, "unknown");
    assert.equal((await at(Bank).charge(payment)).rejected, undefined);
    assert.equal((await books()).charged_cents, 2_214);
  }));

test("bank: one that is away is a failure with an unknown outcome, not a defect", async () => {
  let url = "";
  await withBank(calm, async (scene) => {
    url = scene.url;
  });
  await using running = await start(system("bank-trial", { services: [service("bank", [bank])] }), {
    config: { BANK_URL: `${url}/` },
    logger: { log: () => {} },
  });
  const failure = await failureOf(running.at(Bank).charge(payment));
  assert.deepEqual([failure.code, failure.outcome], ["UNKNOWN_OUTCOME", "unknown"]);
});

test("bank: a charge of another amount or another customer for the same order is not made", () =>
  withBank(calm, async ({ at, books }) => {
    await at(Bank).charge(payment);
    for (const other of [{ cents: 1 }, { customer: "bob" }])
      assert.equal((await failureOf(at(Bank).charge({ ...payment, ...other }))).code, "UNKNOWN_OUTCOME");
    assert.equal((await books()).charged_cents, 2_214);
  }));

test("bank: what is no payment is refused, whatever is sent", () =>
  withBank(calm, async ({ url, books }) => {
    const put = async (path: string, body: string) => (await fetch(`${url}${path}`, { method: "PUT", body })).status;
    for (const body of ["", "{", "[]", "null", '{"customer":1,"cents":1}', '{"customer":"a","cents":-1}', '{"customer":"a","cents":1.5}'])
      assert.equal(await put("/payments/o1", body), 400, body);
    assert.equal(await put("/payments/o1", "x".repeat(10_000)), 400);
    for (const path of ["/payments/", "/payments/a%20b", `/payments/${"x".repeat(65)}`, "/", "/books"])
      assert.equal(await put(path, "{}"), 404, path);
    assert.deepEqual((await books()).payments, []);
  }));

test("bank: the books come in pages, each from behind the last payment of the one before", () =>
  withBank(calm, async ({ at, url }) => {
    const ids = Array.from({ length: 1_002 }, (_, i) => `o${String(i).padStart(4, "0")}`);
    for (const orderId of ids) await at(Bank).charge({ ...payment, orderId, cents: 1 });
    const first = await booksOf(url);
    const second = await booksOf(url, first.payments.at(-1)?.order);
    assert.deepEqual([first.payments.length, second.payments.length, first.charged_cents], [1_000, 2, 1_002]);
    assert.deepEqual(
      [...first.payments, ...second.payments].map(({ order }) => order),
      ids,
    );
  }));

async function bankProcess(data: string, ...more: readonly string[]) {
  const program = fileURLToPath(new URL("main.ts", import.meta.url));
  const child = spawn(process.execPath, [program, "--port=0", `--data=${data}`, ...more], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, ended, url: /http:[^,]+/.exec(line)?.[0] ?? "" };
}

test("bank: what it answered is in its books after a SIGKILL, and it ends when the process that it belongs to does", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bank-"));
  const data = join(directory, "below", "books.db");
  try {
    const first = await bankProcess(data);
    const body = JSON.stringify({ customer: "eve", cents: 2_214 });
    assert.equal((await fetch(`${first.url}/payments/o1`, { method: "PUT", body })).status, 200);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = await bankProcess(data, "--attached");
    assert.equal((await booksOf(second.url)).charged_cents, 2_214);
    second.child.stdin.end();
    assert.deepEqual(await second.ended, [0, null]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("bank: faults that cannot be read are told, and it does not open", async () => {
  const program = fileURLToPath(new URL("main.ts", import.meta.url));
  const child = spawn(process.execPath, [program, "--port=0", "--faults=errors=2", "--data=:memory:"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  assert.deepEqual(await once(child, "close"), [2, null]);
  assert.match(said.join(""), /bank: errors is a part of the requests/);
});
