// A host of one small entity in a process that shares its log with others, and what became of the messages it was sent.
import assert from "node:assert/strict";
import * as z from "zod";
import { contract } from "../src/contract/index.ts";
import { entity } from "../src/entity/definition.ts";
import { EntityHost } from "../src/entity/host.ts";
import { entityLimits } from "../src/entity/limits.ts";
import { Deadlines, Inbox, Message } from "../src/mailbox/index.ts";
import type { Owner, SharedLog } from "./shared-log.ts";

const Tally = contract("tally", {
  version: 1,
  key: z.string(),
  commands: { add: { in: z.int(), out: z.object({ sum: z.int() }) }, crash: {} },
  queries: { sum: { out: z.object({ sum: z.int() }) } },
});

const tally = entity(Tally, {
  state: z.object({ sum: z.int() }),
  initial: { sum: 0 },
  events: { Added: z.object({ by: z.int() }) },
  decide: {
    add: (_, by, turn) => turn.emit("Added", { by }).reply((after) => ({ sum: after.sum })),
    crash: () => {
      throw new Error("decide broke");
    },
  },
  evolve: { Added: (s, e) => ({ sum: s.sum + e.by }) },
  queries: { sum: (s) => ({ sum: s.sum }) },
});

/** A host and what became of its messages. */
export class Keeper {
  readonly owner: Owner;
  readonly host: EntityHost;
  /** By id, or the name of a query: the sum that was answered, or the code of the failure. */
  readonly heard: string[] = [];
  readonly returned: string[] = [];
  readonly #log: SharedLog;
  readonly #inbox = new Inbox({ add: () => {} });

  constructor(log: SharedLog, owner: Owner, returns = true, change: Partial<typeof entityLimits> = {}) {
    this.owner = owner;
    this.#log = log;
    const { process, writer } = owner;
    this.host = new EntityHost({
      service: "s",
      entity: tally,
      writer,
      runtime: process,
      deadlines: new Deadlines(process),
      limits: { ...entityLimits, ...change },
      quarantined: [],
      ...(returns && { returned: (message: Message) => void this.returned.push(message.id) }),
    });
    writer.onLost((partition, epoch) => {
      owner.lost.push([partition, epoch] as never);
      this.host.lost(partition);
    });
  }

  async acquire(partition: number, epoch: number): Promise<void> {
    assert.deepEqual(await this.inside(() => this.owner.writer.acquire(partition, epoch)), { taken: true });
    await this.inside(() => this.host.acquired(partition));
  }

  /** As whoever moves it does. */
  async move(partition: number): Promise<void> {
    await this.inside(async () => {
      await this.host.leave(partition);
      await this.owner.writer.release(partition);
    });
  }

  inside<T>(act: () => T | Promise<T>): Promise<T> {
    return this.owner.process.enter(this.#log.world.outside, act);
  }

  /** Not waited for. */
  send(key: string, id: string, by?: number, change: Partial<ConstructorParameters<typeof Message>[0]> = {}): void {
    const to = by === undefined ? Tally.sum : id.startsWith("crash") ? Tally.crash : Tally.add;
    const given = { key, id, minted: 0, timeless: true, input: by, withinMs: 60_000, read: "strong", session: undefined } as const;
    const message = new Message(
      { to, caller: "test", ...given, ...change },
      this.#inbox,
      (answer) => this.heard.push(`${id} ${(answer as { value: { sum: number } }).value.sum}`),
      ({ code, outcome }) => this.heard.push(`${id} ${code} ${outcome}`),
    );
    this.host.receive(message);
  }
}
