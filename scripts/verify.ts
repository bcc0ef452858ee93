// `npm run verify -- URL`: the invariants of the Sock Shop, checked over HTTP only. Ends with 0 if all hold, with 1 and the first
// violation if one does not, with 2 if it could not be found out.
//
//   --acknowledged FILE   what somebody was answered to POST /orders, a JSON object a line: {"key", "status", "id"}
//   --bank URL            also hold the bank's books against the orders
//   --within SECONDS      how long the shop may take to come to rest (30)
//
// It sends one order that lacks everything, three times under one key: that is how it sees what a key is worth.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { atRest } from "./verify/at-rest.ts";
import type { Acknowledged } from "./verify/evidence.ts";
import { invariants } from "./verify/invariants.ts";
import { Shop, VerifyError } from "./verify/shop.ts";

const usage = "usage: npm run verify -- URL [--acknowledged FILE] [--bank URL] [--within SECONDS]";

function fail(text: string): never {
  console.error(`verify: ${text}`);
  process.exit(2);
}

function options() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: { acknowledged: { type: "string" }, bank: { type: "string" }, within: { type: "string", default: "30" } },
    });
    const [url, ...more] = parsed.positionals;
    if (url === undefined || more.length > 0 || !URL.canParse(url)) fail(usage);
    const withinMs = Number(parsed.values.within) * 1_000;
    return Number.isFinite(withinMs) && withinMs >= 0 ? { url, ...parsed.values, withinMs } : fail(usage);
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

function acknowledgedIn(file: string | undefined): readonly Acknowledged[] {
  if (file === undefined) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as Acknowledged);
}

const { url, acknowledged: file, bank, withinMs } = options();
const shop = new Shop(url, fetch);
const outside = bank === undefined ? undefined : new Shop(bank, fetch);
try {
  const acknowledged = acknowledgedIn(file);
  const { evidence, found } = await atRest(shop, { acknowledged, bank: outside, withinMs });
  const { orders, accounts, stock, entries } = evidence;
  const confirmed = [...orders.values()].filter((order) => order?.status === "confirmed").length;
  console.log(
    `looked at ${orders.size} orders (${confirmed} confirmed), ${accounts.size} customers, ${stock.size} skus, ${entries.length} entries of lists, ` +
      `${acknowledged.length} acknowledgements, ${evidence.bank ? `${evidence.bank.length} payments of the bank` : "no bank"}; ${shop.asked} requests`,
  );
  for (const { number, promise } of invariants) {
    if (found && (found.lasting || number >= found.number)) break;
    console.log(`ok        ${number}  ${promise}`);
  }
  if (found) console.log(`VIOLATED  ${found.number}  ${found.what}`);
  process.exitCode = found ? 1 : 0;
} catch (error) {
  fail(error instanceof VerifyError ? error.message : `${file ?? url}: ${error instanceof Error ? error.message : String(error)}`);
}
