// One process with a read model, over a log and tables that outlive it; driven by whoever has the runtime.
import type { Failure } from "@atoll/core";
import type { AnyOpRef } from "@atoll/core/contract";
import { Deadlines, Inbox, Message, type MessageAnswer, type ServiceRoom, type Session } from "@atoll/core/extension";
import type { Runtime } from "@atoll/core/runtime";
import type { TableStore } from "@atoll/core/tables";
import type { ReadModel } from "./definition.ts";
import { ReadModelHost } from "./host.ts";
import type { ReadModelLimits } from "./limits.ts";
import type { LogUnderTest } from "./log-under-test.ts";

export function asked(
  of: Pick<ReadModelHost, "receive">,
  inbox: Inbox,
  to: unknown,
  input: unknown,
  withinMs: number,
  session: Session | undefined,
): Promise<MessageAnswer> {
  return new Promise<MessageAnswer>((resolve, reject: (failure: Failure) => void) => {
    const init = {
      to: to as AnyOpRef,
      key: "",
      input,
      caller: "test",
      id: "",
      minted: 0,
      timeless: false,
      withinMs,
      read: "strong" as const,
      session,
    };
    of.receive(new Message(init, inbox, resolve, reject));
  });
}

export class HostUnderTest {
  readonly host: ReadModelHost;
  readonly #inbox: Inbox;

  private constructor(host: ReadModelHost, runtime: Runtime) {
    this.host = host;
    this.#inbox = new Inbox(runtime.metrics.counter("late_total", "Answers that came late."));
  }

  static async open(
    { contract, how }: ReadModel<never>,
    log: LogUnderTest,
    tables: TableStore,
    runtime: Runtime,
    limits: Partial<ReadModelLimits> = {},
  ): Promise<HostUnderTest> {
    const room: ServiceRoom = {
      service: "shop",
      runtime,
      deadlines: new Deadlines(runtime),
      tables,
      source: () => Promise.resolve(log.source()),
    };
    return new HostUnderTest(await ReadModelHost.open(contract, how, room, limits), runtime);
  }

  ask(to: unknown, input?: unknown, withinMs = 10_000, session?: Session): Promise<MessageAnswer> {
    return asked(this.host, this.#inbox, to, input, withinMs, session);
  }

  async value(to: unknown, input?: unknown): Promise<unknown> {
    const answer = await this.ask(to, input);
    return answer.kind === "reply" ? answer.value : { rejected: answer.name, details: answer.details };
  }

  /** Resolves when everything in the log is applied to what answers. */
  caughtUp(log: LogUnderTest, withinMs = 600_000): Promise<void> {
    const seen = log.partitions.map((records, partition) => ({ service: log.service, partition, offset: records.length - 1 }));
    return this.host.waitFor(
      seen.filter(({ offset }) => offset >= 0),
      withinMs,
    );
  }

  close(): Promise<void> {
    return this.host.close();
  }
}
