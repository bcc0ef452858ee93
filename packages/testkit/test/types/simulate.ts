// Type test: what `simulate` accepts, and the mistakes that must not compile. Checked by tsc, never run.
import { simulate, type World } from "@atoll/testkit";
import { Account, bank, rates } from "../bank.ts";

void simulate(
  bank,
  { seeds: 1, faults: ["crash", "duplicate", "slow-disk", "failing-disk"], replace: [rates], config: { A: "1" } },
  async ({ at, http, settle, pause, random }) => {
    const { cents }: { readonly cents: number } = await at(Account, "a").deposit({ cents: 1 }, { within: "1m" });
    const taken = await at(Account, "a").withdraw({ cents });
    if (!taken.rejected) taken.reply.cents.toFixed();
    const response: Response = await http(new Request("http://bank/"));
    await pause("10ms");
    await settle();
    random().toFixed(response.status);
  },
);

const scenario = async (_: World): Promise<void> => {};
// @ts-expect-error faults of several processes do not exist yet
void simulate(bank, { seeds: 1, faults: ["partition"] }, scenario);
// @ts-expect-error faults must be said, none is []
void simulate(bank, { seeds: 1 }, scenario);
// @ts-expect-error a scenario waits for what it asks
void simulate(bank, { seeds: 1, faults: [] }, () => 1);
void simulate(bank, { seeds: 1, faults: [] }, async ({ at }) => {
  // @ts-expect-error the key is missing
  at(Account);
  // @ts-expect-error a command of another form
  await at(Account, "a").deposit({ euros: 1 });
});
