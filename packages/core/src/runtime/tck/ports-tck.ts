// The conformance suite of the runtime ports: the laws of runtime.ts, one suite that every form of the runtime runs. It
// relies on no more than the laws say; what only one form promises is tested beside that form.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Runtime } from "../runtime.ts";

export interface PortsUnderTest {
  readonly runtime: Runtime;
  /** L-S2: tasks of one kind run in the order in which they came. */
  readonly ordered: boolean;
  /** Lets the runtime go on until `promise` is settled. */
  readonly drive: <T>(promise: Promise<T>) => Promise<T>;
  /** Names of the events logged so far. */
  readonly logged: () => readonly string[];
  readonly close: () => void;
}

export function portsTck(name: string, open: () => PortsUnderTest): void {
  const law = (title: string, run: (ports: PortsUnderTest) => Promise<void>): void => {
    test(title, async () => {
      const ports = open();
      try {
        await run(ports);
      } finally {
        ports.close();
      }
    });
  };
  describe(name, () => {
    clockLaws(law);
    timerLaws(law);
    schedulerLaws(law);
    randomLaws(law);
  });
}

type Law = (title: string, run: (ports: PortsUnderTest) => Promise<void>) => void;

const kinds = ["soon", "endOfTurn"] as const;
const wait = ({ timers }: Runtime, delayMs: number): Promise<void> => new Promise((resolve) => void timers.after(delayMs, resolve));
const turn = ({ scheduler }: Runtime): Promise<void> => new Promise((resolve) => scheduler.endOfTurn(resolve));

function clockLaws(law: Law): void {
  law("L-C1: monotonic never goes back", async ({ runtime, drive }) => {
    const seen: number[] = [];
    const sample = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) {
        seen.push(runtime.clock.monotonic());
        await (i % 5 === 0 ? wait(runtime, 1) : turn(runtime));
      }
    };
    await drive(sample());
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.ok((seen.at(-1) as number) > (seen[0] as number), "it moves on while timers run");
  });

  law("L-C2: now is whole milliseconds since 1970", ({ runtime }) => {
    assert.ok(Number.isSafeInteger(runtime.clock.now()));
    assert.ok(runtime.clock.now() > 1_700_000_000_000);
    return Promise.resolve();
  });
}

function timerLaws(law: Law): void {
  law("L-T1: a task runs once, not before its delay on the monotonic clock", async ({ runtime, drive }) => {
    const delays = [0, 0.3, 1, 1.7, 2, 5, 9.9, 20];
    const runs = delays.map(() => 0);
    const early: number[] = [];
    delays.forEach((delayMs, i) => {
      const startedMs = runtime.clock.monotonic();
      runtime.timers.after(delayMs, () => {
        runs[i] = (runs[i] as number) + 1;
        if (runtime.clock.monotonic() - startedMs < delayMs) early.push(delayMs);
      });
    });
    await drive(wait(runtime, 40));
    assert.deepEqual(early, []);
    assert.deepEqual(
      runs,
      delays.map(() => 1),
    );
  });

  law("L-T1: a delay below 0 counts as 0, and the task still does not run inside the call", async ({ runtime, drive }) => {
    let inside = true;
    const ran = new Promise<boolean>((resolve) => void runtime.timers.after(-5, () => resolve(inside)));
    inside = false;
    assert.equal(await drive(ran), false);
  });

  law("L-T1: a delay longer than a 32-bit timer holds does not fire early", async ({ runtime, drive }) => {
    let fired = false;
    const timer = runtime.timers.after(2 ** 31 + 1_000, () => {
      fired = true;
    });
    await drive(wait(runtime, 5));
    timer.cancel();
    assert.equal(fired, false);
  });

  law("L-T1: a timer that throws is reported, and later ones run", async ({ runtime, drive, logged }) => {
    runtime.timers.after(1, () => {
      throw new RangeError("planted");
    });
    await drive(wait(runtime, 5));
    assert.ok(logged().includes("runtime.task_failed"));
  });

  law("L-T2: after cancel a task never runs, and cancel may be called again, also after the task ran", async ({ runtime, drive }) => {
    let cancelledRuns = 0;
    const cancelled = runtime.timers.after(1, () => {
      cancelledRuns += 1;
    });
    cancelled.cancel();
    cancelled.cancel();
    const ran = Promise.withResolvers<void>();
    const kept = runtime.timers.after(1, ran.resolve);
    await drive(ran.promise);
    kept.cancel();
    await drive(wait(runtime, 3));
    assert.equal(cancelledRuns, 0);
  });

  law("L-T2: of timers that are due together, one that another cancels does not run", async ({ runtime, drive }) => {
    const ran: string[] = [];
    const first = runtime.timers.after(1, () => {
      ran.push("first");
      second.cancel();
    });
    const second = runtime.timers.after(1, () => {
      ran.push("second");
      first.cancel();
    });
    await drive(wait(runtime, 5));
    assert.equal(ran.length, 1);
  });
}

function schedulerLaws(law: Law): void {
  for (const kind of kinds) {
    law(`L-S1: ${kind} runs a task exactly once and never inside the call that handed it over`, async ({ runtime, drive }) => {
      let runs = 0;
      let nested = 0;
      const { promise, resolve } = Promise.withResolvers<void>();
      runtime.scheduler[kind](() => {
        runs += 1;
        runtime.scheduler[kind](() => {
          nested += 1;
          resolve();
        });
        assert.equal(nested, 0, "not inside, also within a task");
      });
      assert.equal(runs, 0);
      await drive(promise);
      await drive(wait(runtime, 2));
      assert.deepEqual([runs, nested], [1, 1]);
    });

    law(`L-S1: ${kind} runs the other tasks when one throws, and reports it`, async ({ runtime, drive, logged }) => {
      let runs = 0;
      const count = (): void => {
        runs += 1;
      };
      runtime.scheduler[kind](count);
      runtime.scheduler[kind](() => {
        throw new RangeError("planted");
      });
      runtime.scheduler[kind](count);
      await drive(wait(runtime, 2));
      assert.equal(runs, 2);
      assert.deepEqual(logged(), ["runtime.task_failed"]);
    });

    law(
      `L-S2: ${kind} keeps the order where the form promises it, and loses nothing where it does not`,
      async ({ runtime, drive, ordered }) => {
        const sent = Array.from({ length: 100 }, (_, i) => i);
        const ran: number[] = [];
        for (const i of sent) runtime.scheduler[kind](() => ran.push(i));
        await drive(wait(runtime, 2));
        assert.deepEqual(ordered ? ran : ran.toSorted((a, b) => a - b), sent);
      },
    );
  }

  law("L-S2: the end of the turn comes after what was ready, where the form promises order", async ({ runtime, drive, ordered }) => {
    if (!ordered) return;
    const ran: string[] = [];
    const { scheduler } = runtime;
    scheduler.endOfTurn(() => ran.push("end"));
    scheduler.soon(() => {
      ran.push("soon");
      scheduler.soon(() => {
        ran.push("soon of soon");
        void Promise.resolve().then(() => ran.push("promise"));
      });
    });
    await drive(wait(runtime, 2));
    assert.deepEqual(ran, ["soon", "soon of soon", "promise", "end"]);
  });
}

function randomLaws(law: Law): void {
  law("random: next is in [0, 1) and not always the same", ({ runtime }) => {
    const drawn = Array.from({ length: 1_000 }, () => runtime.random.next());
    assert.ok(drawn.every((value) => value >= 0 && value < 1));
    assert.ok(new Set(drawn).size > 900);
    return Promise.resolve();
  });

  law("random: id is 32 lower-case hexadecimal digits, each time others", ({ runtime }) => {
    const ids = Array.from({ length: 10_000 }, () => runtime.random.id());
    assert.ok(ids.every((id) => /^[0-9a-f]{32}$/.test(id)));
    assert.equal(new Set(ids).size, ids.length);
    return Promise.resolve();
  });
}
