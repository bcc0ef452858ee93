// A hundred thousand sagas are put to sleep in a virtual world, and wake in another life of the process. A process of its own,
// because a test runner's hooks on every promise would more than double its time. Prints what it saw, as JSON.
import { argv, stdout } from "node:process";
import { contract, handlers, saga, service, system } from "@atoll/core";
import * as z from "zod";
import { virtually, type VirtualSystem } from "../virtual-system.ts";

const sleepers = Number(argv[2]);
/** Apart, so that each has woken, worked and ended before the next: then the order is exact. */
const apartMs = 500;
/** Printed: what was in memory at most, and how it ended. */
interface Seen {
  readonly resident: number;
  readonly running: number;
  readonly runningAsleep: number;
  readonly rung: number;
  /** The first that rang out of its turn; -1: none. */
  readonly disorder: number;
  readonly left: number;
}

const limits = { entities: { residentsMax: 500 }, sagas: { runningMax: 300 } };

const Alarm = contract("alarm", { version: 1, access: { ring: ["hotel"] }, commands: { ring: { in: z.object({ room: z.int() }) } } });
const Guest = contract("guest", {
  version: 1,
  key: z.string(),
  access: { sleep: "any" },
  commands: { sleep: { in: z.object({ room: z.int(), until: z.int() }) } },
});

const metric = ({ process }: VirtualSystem, name: string): number =>
  Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(process.metrics.render())?.[1]);

async function sleep(): Promise<Seen> {
  const rung: number[] = [];
  let awake: VirtualSystem | undefined;
  const noteRing = (room: number): void => {
    rung.push(room);
    if (awake && room % 500 === 0) look(awake);
  };
  const alarm = handlers(Alarm, { handle: { ring: ({ room }) => noteRing(room) } });
  const guest = saga(Guest.sleep, 1, async (run, { room, until }) => {
    await run.sleep("night", `${until - run.now}ms`);
    await run.step("ring", (at) => at(Alarm).ring({ room }));
  });
  const hotel = system("hotel", { services: [service("hotel", [guest], { limits }), service("alarms", [alarm])] });
  const bounds = { resident: 0, running: 0, runningAsleep: -1, left: -1 };
  const look = (running: VirtualSystem): void => {
    bounds.resident = Math.max(bounds.resident, metric(running, "atoll_entities_resident"));
    bounds.running = Math.max(bounds.running, metric(running, "atoll_sagas_running"));
  };

  await virtually(
    hotel,
    async (running) => {
      const firstMs = running.process.clock.now() + 86_400_000;
      // Room numbers are the order in which they are to wake; they go to sleep in another one.
      const room = (i: number): number => (i * 7_919) % sleepers;
      for (let from = 0; from < sleepers; from += 100) {
        const checkedIn = Array.from({ length: 100 }, (_, j) => {
          const input = { room: room(from + j), until: firstMs + room(from + j) * apartMs };
          return running.booted
            .at(Guest, `g${from + j}`)
            .sleep(input, { within: "10ms" })
            .catch(() => undefined);
        });
        await Promise.all(checkedIn);
        if (from % 10_000 === 0) look(running);
      }
      bounds.runningAsleep = metric(running, "atoll_sagas_running");
      const again = await running.restart();
      awake = again;
      for (let woken = 0; woken < sleepers; woken += sleepers / 20) {
        await again.pause(woken === 0 ? 86_400_000 : (sleepers / 20) * apartMs);
      }
      await again.pause((sleepers / 20) * apartMs + 60_000);
      bounds.left = (await again.booted.sagas.list()).entries.length;
    },
    { mode: "production", stepsMax: 50_000_000, traceCapacity: 10 },
  );
  return { ...bounds, rung: rung.length, disorder: rung.findIndex((number, i) => number !== i) };
}

stdout.write(JSON.stringify(await sleep()));
