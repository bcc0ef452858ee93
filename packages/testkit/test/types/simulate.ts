// Type test: what `simulate` accepts, and the mistakes that must not compile. Checked by tsc, never run.
import { FailingSeed, simulate, type Invariants, type Schedule, type World } from "@atoll/testkit";
import { Account, bank, rates } from "../bank.ts";

void simulate(
  bank,
  { seeds: 1, faults: ["crash", "duplicate", "slow-disk", "failing-disk"], replace: [rates], config: { A: "1" } },
  async ({ at, tell, http, settle, pause, random }) => {
    await tell(Account, "a").deposit({ cents: 1 });
    const { cents }: { readonly cents: number } = await at(Account, "a").deposit({ cents: 1 }, { within: "1m" });
    const taken = await at(Account, "a").withdraw({ cents });
    if (!taken.rejected) taken.reply.cents.toFixed();
    const response: Response = await http(new Request("http://bank/"));
    await pause("10ms");
    await settle();
    random().toFixed(response.status);
  },
);

const invariants: Invariants = {
  "money is never owed": { always: async ({ at }) => void (await at(Account, "a").balance()).cents.toFixed() },
  "the account is readable": async ({ at, seed }) => void (await at(Account, `${seed}`).balance()),
};
void simulate(
  bank,
  { seeds: 1, faults: [], invariants, settleWithin: "1m", passed: (seed, { safety }) => seed + safety.ms },
  async () => {},
);
const schedule: Schedule = [{ fault: "crash", step: 12, downMs: 0 }];
void simulate(bank, { seed: 7, schedule, invariants }, async () => {}).catch((error: unknown) => {
  if (error instanceof FailingSeed) error.law.concat(...error.story, error.schedule.length.toFixed());
});
// @ts-expect-error a schedule is replayed in one seed
void simulate(bank, { schedule }, async () => {});
// @ts-expect-error no such fault
const wrong: Schedule = [{ fault: "crash", step: 12 }];
// @ts-expect-error an invariant waits for what it asks
const idle: Invariants = { "the account is readable": () => true };
void wrong;
void idle;

const scenario = async (_: World): Promise<void> => {};
// @ts-expect-error faults of several processes do not exist yet
void simulate(bank, { seeds: 1, faults: ["partition"] }, scenario);
// @ts-expect-error faults must be said, none is []
void simulate(bank, { seeds: 1 }, scenario);
// @ts-expect-error a scenario waits for what it asks
void simulate(bank, { seeds: 1, faults: [] }, () => 1);
void simulate(bank, { seeds: 1, faults: [] }, async ({ at, tell }) => {
  // @ts-expect-error nobody would hear the answer of a query
  await tell(Account, "a").balance();
  // @ts-expect-error the key is missing
  at(Account);
  // @ts-expect-error a command of another form
  await at(Account, "a").deposit({ euros: 1 });
});
