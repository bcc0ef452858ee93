// Clients of the ledger in a virtual world, whatever runs it: they keep a history of what they asked and heard, which `laws.ts`
// holds against the log.
import type { At } from "@atoll/core";
import { Failure } from "@atoll/core";
import type { Row } from "@atoll/core/journal";
import { SimulatedDisk } from "@atoll/core/journal/simulated";
import { VirtualWorld } from "@atoll/core/runtime/virtual";
import { unreachable } from "../../src/base/assert.ts";
import { Ledger } from "./ledger.ts";

export type Heard =
  | { readonly kind: "reply"; readonly count: number; readonly version?: number }
  | { readonly kind: "full"; readonly count: number }
  | { readonly kind: "failure"; readonly failure: Failure };

export interface Asked {
  readonly operation: "put" | "clear" | "touch" | "count";
  readonly key: string;
  /** Command id; "" for a query. */
  readonly id: string;
  readonly askedAt: number;
  /** Committed records of the key when it was asked, as a bound for what a strong read must show. */
  readonly versionAsked: number;
  heardAt: number | undefined;
  /** Of the key, when it was heard. */
  versionHeard: number;
  /** Whether the command was in the log when its answer came. */
  loggedWhenHeard: boolean;
  heard: Heard | undefined;
}

export const serviceName = "ledgers";

interface Held {
  /** After the row, of each key that has a record in it. */
  readonly versions: ReadonlyMap<string, number>;
  readonly ids: ReadonlySet<string>;
}

/** Rows do not change, and clients ask for all of them with each answer. */
const heldByRows = new WeakMap<Row, Held>();

function heldBy(row: Row): Held {
  let held = heldByRows.get(row);
  if (!held) {
    const records = row.body.split("\n").map((line) => JSON.parse(line) as { readonly key: string; readonly id: string; version: number });
    held = { versions: new Map(records.map(({ key, version }) => [key, version])), ids: new Set(records.map(({ id }) => id)) };
    heldByRows.set(row, held);
  }
  return held;
}

export abstract class LedgerWorld {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly history: Asked[] = [];
  #ids = 0;

  constructor(seed: number, stepsMax: number) {
    this.world = new VirtualWorld({ seed, stepsMax });
    this.disk = new SimulatedDisk(this.world.outside);
  }

  /** Runs `act` where a client is; undefined if there is nobody to ask. */
  protected abstract speak(act: (at: At) => Promise<Heard>): Promise<Heard> | undefined;

  freshId(): string {
    this.#ids += 1;
    return `c${this.#ids}`;
  }

  /** Asks once and writes down what came back. Never rejects. */
  async ask(operation: Asked["operation"], key: string, id = "", read: "strong" | "local" = "strong"): Promise<Heard> {
    const asked = this.asking(operation, key, id);
    const heard = await this.#ask(asked, read);
    this.heard(asked, heard);
    return heard;
  }

  protected asking(operation: Asked["operation"], key: string, id: string): Asked {
    const asked: Asked = {
      operation,
      key,
      id,
      askedAt: this.world.timeMs,
      versionAsked: this.version(key),
      heardAt: undefined,
      versionHeard: 0,
      loggedWhenHeard: false,
      heard: undefined,
    };
    this.history.push(asked);
    return asked;
  }

  protected heard(asked: Asked, heard: Heard): void {
    const { operation, key, id } = asked;
    asked.heardAt = this.world.timeMs;
    asked.versionHeard = this.version(key);
    asked.loggedWhenHeard = id !== "" && this.logged(id);
    asked.heard = heard;
    this.world.note(`${operation} ${key} ${id} -> ${heard.kind === "failure" ? heard.failure.code : `${heard.kind} ${heard.count}`}`);
  }

  /** Like a client that will have an answer: asks again under the same id as long as it may and has none. */
  async insist(operation: Asked["operation"], key: string, id: string): Promise<Heard> {
    for (;;) {
      const heard = await this.ask(operation, key, id);
      if (heard.kind !== "failure" || heard.failure.retry === "never") return heard;
      await this.pause(50 + this.world.random.next() * 400);
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  /** Events of `key` that are on the disk now. */
  version(key: string): number {
    // The log of a key is in one partition, so its last row is its newest.
    const last = this.disk.rows(serviceName).findLast((row) => heldBy(row).versions.has(key));
    return (last && heldBy(last).versions.get(key)) ?? 0;
  }

  logged(id: string): boolean {
    return this.disk.rows(serviceName).some((row) => heldBy(row).ids.has(id));
  }

  async #ask({ operation, key, id }: Asked, read: "strong" | "local"): Promise<Heard> {
    const heard = this.speak(async (at): Promise<Heard> => {
      const account = at(Ledger, key);
      switch (operation) {
        case "put": {
          const answer = await account.put({ n: 1 }, { commandId: id });
          return answer.rejected ? { kind: "full", count: answer.details.count } : { kind: "reply", count: answer.reply.count };
        }
        case "clear":
          return { kind: "reply", ...(await account.clear({ commandId: id })) };
        case "touch":
          return { kind: "reply", ...(await account.touch({ commandId: id })) };
        case "count":
          return { kind: "reply", ...(await account.count({ read })) };
        default:
          return unreachable(operation, "an operation of the ledger");
      }
    });
    try {
      if (heard) return await heard;
      await this.pause(1);
      return { kind: "failure", failure: new Failure("UNAVAILABLE", { what: "nobody is there to ask" }) };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { kind: "failure", failure: error };
    }
  }
}
