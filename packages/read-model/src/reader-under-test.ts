// A process that reads what another one projects, beside a host under test; what it hands on is counted, and given to `host`.
import { Deadlines, type EventSource, Inbox, type Message, type MessageAnswer, type Session } from "@atoll/core/extension";
import type { Runtime } from "@atoll/core/runtime";
import type { TableStore } from "@atoll/core/tables";
import type { ReadModel } from "./definition.ts";
import { asked } from "./host-under-test.ts";
import { ReadModelReader } from "./reader.ts";

export interface ReaderHow {
  readonly model: unknown;
  readonly service: string;
  readonly runtime: Runtime;
  readonly tables: TableStore;
  readonly source: () => Promise<EventSource>;
  readonly host: (message: Message) => void;
}

export class ReaderUnderTest {
  readonly reader: ReadModelReader;
  /** How many queries the host was given. */
  handedOn = 0;
  readonly #inbox: Inbox;

  constructor({ model, service, runtime, tables, source, host }: ReaderHow) {
    const { contract, how } = model as ReadModel<never>;
    const room = { service, runtime, deadlines: new Deadlines(runtime), tables, source };
    this.#inbox = new Inbox(runtime.metrics.counter("late_total", "Answers that came late."));
    this.reader = new ReadModelReader(contract, how, room, (message) => {
      this.handedOn += 1;
      host(message);
    });
  }

  ask(to: unknown, input?: unknown, session?: Session, withinMs = 10_000): Promise<MessageAnswer> {
    return asked(this.reader, this.#inbox, to, input, withinMs, session);
  }

  async value(to: unknown, input?: unknown, session?: Session): Promise<unknown> {
    const answer = await this.ask(to, input, session);
    return answer.kind === "reply" ? answer.value : { rejected: answer.name, details: answer.details };
  }
}
