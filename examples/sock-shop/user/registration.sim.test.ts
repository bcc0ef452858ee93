// A registration, and a removal, that is cut off at every point: the process crashes after the k-th event since it was asked for,
// for all k, and another one takes over its disk. Then the client asks again, in the two ways in which clients do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate, type Fault, type World } from "@atoll/testkit";
import { openShop, simulatedConfig, simulatedShop, type VirtualShop } from "../test/shop-under-test.ts";
import { Accounts, Customer, Username } from "./contract.ts";
import { claimMs, register } from "./registration.ts";

const seeds = [1, 2, 3];
const account = { username: "ada", password: "lovelace" };

const passed = (shop: VirtualShop, ms: number): Promise<void> =>
  shop.drive(new Promise((resolve) => shop.world.outside.timers.after(ms, resolve)));
const post = (shop: VirtualShop, body: object, key?: string) =>
  shop.client.send<{ readonly id: string }>("POST", "/register", body, key === undefined ? {} : { "idempotency-key": key });
const login = async (shop: VirtualShop, { username, password } = account) =>
  shop.drive(
    shop.client.request<{ readonly user: { readonly id: string } }>("GET", "/login", {
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
    }),
  );

/** Runs what was asked for so many events. "over": it was answered before. */
async function cutOff(shop: VirtualShop, asked: Promise<unknown>, events: number): Promise<"over" | "cut off"> {
  const { world } = shop;
  let over = false;
  const settled = (): void => {
    over = true;
  };
  asked.then(settled, settled);
  const end = world.steps + events;
  await world.run(() => over || world.steps >= end);
  return over ? "over" : "cut off";
}

for (const seed of seeds) {
  test(`registration: cut off anywhere and asked for again under its key, it registers once (seed ${seed})`, async () => {
    for (let k = 1; ; k += 1) {
      const shop = await openShop(seed);
      const how = await cutOff(shop, post(shop, account, "key"), k);
      shop.crash();
      await shop.open();
      const { status, body } = await shop.drive(post(shop, account, "key"));
      assert.equal(status, 200, `after ${k} events`);
      const known = await login(shop);
      assert.deepEqual([known.status, known.body.user.id], [200, body.id], `after ${k} events`);
      assert.equal((await shop.drive(post(shop, { ...account, password: "other" }))).status, 409, `after ${k} events`);
      if (how === "over") break;
    }
  });

  test(`registration: cut off anywhere and asked for anew, the name is somebody's, at the latest after a minute (seed ${seed})`, async () => {
    const found = new Set<string>();
    for (let k = 1; ; k += 1) {
      const shop = await openShop(seed);
      const how = await cutOff(shop, post(shop, account), k);
      shop.crash();
      await shop.open();
      const before = (await login(shop)).status;
      const again = await shop.drive(post(shop, account));
      found.add(`${before} ${again.status}`);
      // Refused: either the first one did register, or its claim is honoured for a while.
      if (again.status === 409 && before === 401) {
        await passed(shop, claimMs + 1);
        assert.equal((await shop.drive(post(shop, account))).status, 200, `after ${k} events`);
      }
      assert.equal((await login(shop)).status, 200, `after ${k} events`);
      if (how === "over") break;
    }
    // Reach marks: cut off before anything, with the name claimed by nobody, and with everything done.
    assert.deepEqual([...found].sort(), ["200 409", "401 200", "401 409"]);
  });

  test(`removal: cut off anywhere, it is completed by whoever repeats it or registers the name (seed ${seed})`, async () => {
    const found = new Set<string>();
    for (let k = 1; ; k += 1) {
      for (const repeated of [true, false]) {
        const shop = await openShop(seed);
        const { id } = (await shop.drive(post(shop, account))).body;
        const how = await cutOff(shop, shop.client.delete(`/customers/${id}`), k);
        shop.crash();
        await shop.open();
        const there = (await login(shop)).status;
        if (repeated) assert.equal((await shop.drive(shop.client.delete(`/customers/${id}`))).status, 200);
        const again = await shop.drive(post(shop, { ...account, password: "other" }));
        found.add(`${there} ${again.status}`);
        assert.equal(again.status, there === 200 && !repeated ? 409 : 200, `after ${k} events`);
        if (how === "over" && !repeated) {
          assert.deepEqual([...found].sort(), ["200 200", "200 409", "401 200"]);
          return;
        }
      }
    }
  });
}

test("registration: a slow one whose name was taken back is refused, and leaves the name to its new owner", async () => {
  const winners = new Set<string>();
  for (let k = 1; ; k += 1) {
    const shop = await openShop();
    const how = await cutOff(shop, post(shop, account, "key"), k);
    shop.crash();
    await shop.open();
    await passed(shop, claimMs + 1);
    const other = await shop.drive(post(shop, { ...account, password: "other" }));
    const slow = await shop.drive(post(shop, account, "key"));
    assert.deepEqual(new Set([other.status, slow.status]), new Set([200, 409]), `after ${k} events`);
    const [right, wrong] = other.status === 200 ? ["other", "lovelace"] : ["lovelace", "other"];
    assert.equal((await login(shop, { ...account, password: right })).status, 200, `after ${k} events`);
    assert.equal((await login(shop, { ...account, password: wrong })).status, 401, `after ${k} events`);
    winners.add(right);
    if (how === "over") break;
  }
  assert.deepEqual([...winners].sort(), ["lovelace", "other"]);
});

const faults: readonly Fault[] = ["crash", "duplicate", "slow-disk", "failing-disk"];

test("registration: of many who want few names at once and respect nobody's claim, each name gets exactly one, under all faults", async () => {
  let takenBack = 0;
  await simulate(simulatedShop, { seeds: 40, faults, config: simulatedConfig }, async (world) => {
    const names = ["ada", "bob"];
    const impatient = Number.MAX_SAFE_INTEGER;
    const rivals = Array.from({ length: 8 }, (_, i) => ({ id: `c${i}`, name: names[i % names.length] as string }));
    const registered = await Promise.all(
      rivals.map(({ id, name }) =>
        register(world.at, id, { username: name, firstName: "", lastName: "", email: "", password: id }, impatient).catch(() => undefined),
      ),
    );
    await world.settle();
    for (const name of names) {
      const mine = rivals.filter((rival) => rival.name === name);
      const standings = await Promise.all(mine.map(async ({ id }) => (await world.at(Customer, id).credentials()).standing));
      const winners = mine.filter((_, i) => standings[i] === "registered");
      takenBack += standings.filter((standing) => standing === "closed").length;
      assert.ok(winners.length <= 1, `${name} is ${winners.map(({ id }) => id).join(" and ")}`);
      for (const rival of mine) {
        if (registered[rivals.indexOf(rival)] === true) assert.deepEqual(winners, [rival], `${rival.id} was told that it is ${name}`);
      }
      const { customer } = await world.at(Username, name).owner();
      if (winners.length === 1) assert.equal(customer, winners[0]?.id);
      else await mustBeFree(world, name);
    }
  });
  assert.ok(takenBack > 0, "no name was ever taken back");
});

/** Whatever was cut off: once the patience for an unfinished claim is over, the name is anybody's. */
async function mustBeFree(world: World, name: string): Promise<void> {
  await world.pause("61s");
  const late = await world.at(Accounts).register({ username: name, password: "late" });
  assert.equal(late.rejected, undefined, `${name} is nobody's, and nobody can have it`);
}
