// What this node does about the partitions of its service's log: follows the plan (the machine of @atoll/core/cluster), lets the log
// writer acquire and release, and tells whatever lives with a partition. The log has the last word in all of it.
//
//  B1  in turn    Tenants hear that a partition is owned after it has been acquired, and have left before it is released.
//  B2  needed     The log is opened when the plan grants this node something, if it was not before. What fails is tried again for as long
//                 as the plan grants: whatever is for the partition waits here.
import { assert, unreachable } from "../../base/assert.ts";
import { type Backoff, backoffMs } from "../../base/backoff.ts";
import { partitionOf } from "../../base/hash.ts";
import {
  newOwnership,
  type NodeReport,
  type OwnershipEffect,
  type OwnershipInput,
  type OwnershipState,
  placeOf,
  type ServicePlan,
  stepOwnership,
} from "../../cluster/index.ts";
import type { LogWriter, Tenant } from "../../journal/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Directory } from "./directory.ts";

export interface OwnPartitionsInit {
  readonly service: string;
  /** Of this node. */
  readonly incarnation: string;
  readonly directory: Directory;
  readonly runtime: Pick<Runtime, "logger" | "timers" | "random">;
  readonly report: (report: NodeReport) => void;
  /** Opens the log at this node; `begin` is called in the course of it. */
  readonly open: () => Promise<unknown>;
}

/** Between two tries to open the log. */
const again: Backoff = { firstMs: 100, maxMs: 5_000 };

interface OpenParts {
  readonly writer: LogWriter;
  readonly tenants: Tenant;
}

export class OwnPartitions {
  readonly #init: OwnPartitionsInit;
  readonly #watchers: (() => void)[] = [];
  #open: OpenParts | undefined;
  #state: OwnershipState;
  /** Also while it waits to try again. */
  #opening = false;
  #failures = 0;
  #closed = false;
  /** Acquisitions and releases that are not done. */
  #underWay = 0;

  constructor(init: OwnPartitionsInit) {
    this.#init = init;
    this.#state = newOwnership(init.incarnation);
    init.directory.watch(() => this.#follow());
  }

  /** The log is open at this node, nothing of it is owned yet. */
  begin(writer: LogWriter, tenants: Tenant): void {
    this.#open = { writer, tenants };
    writer.onLost((partition, epoch) => {
      tenants.lost(partition);
      this.#take({ kind: "lost", partition, epoch });
    });
    writer.onRaised((partition, epoch) => this.#take({ kind: "raised", partition, epoch }));
    this.#follow();
  }

  /** The file of the log is open here. */
  hosting(epochs: readonly number[]): void {
    this.#take({ kind: "hosting", epochs });
    this.#follow();
  }

  /** Of a message for a key, sent under the plan's `epoch` (0: none). */
  placeOf(contract: string, key: string, epoch: number): "here" | "hold" | { readonly moved: number } {
    const { plan, tenures } = this.#state;
    const partitions = plan?.partitions.length ?? tenures.length;
    if (partitions === 0) return "hold";
    return placeOf(this.#state, partitionOf(contract, key, partitions), epoch);
  }

  serves(partition: number): boolean {
    return this.#state.tenures[partition]?.kind === "held" && this.#open?.writer.owns(partition) === true;
  }

  /** `changed` is called when `placeOf` may say something else. */
  watch(changed: () => void): void {
    this.#watchers.push(changed);
  }

  #follow(): void {
    const { directory, service, incarnation } = this.#init;
    const plan = directory.plan(service);
    if (this.#open) this.#take({ kind: "plan", plan });
    else if (plan && isGranted(plan, incarnation)) this.#openLog();
  }

  #openLog(): void {
    if (this.#opening || this.#closed) return;
    this.#opening = true;
    const { service, runtime, open } = this.#init;
    open().then(
      () => (this.#opening = false),
      (error: unknown) => {
        runtime.logger.log("error", "log.not_opened", { service, error });
        this.#failures += 1;
        runtime.timers.after(
          backoffMs(again, this.#failures, () => runtime.random.next()),
          () => {
            this.#opening = false;
            this.#follow();
          },
        );
      },
    );
  }

  /** The log is not opened any more. */
  close(): void {
    this.#closed = true;
  }

  #take(input: OwnershipInput): void {
    const [state, effects] = stepOwnership(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    for (const changed of this.#watchers) changed();
  }

  #perform(effect: OwnershipEffect): void {
    switch (effect.kind) {
      case "report":
        return this.#init.report(effect.report);
      case "acquire":
        return this.#inCourse(this.#acquire(effect.partition, effect.epoch), effect);
      case "release":
        return this.#inCourse(this.#release(effect.partition), effect);
      default:
        return unreachable(effect, "a node's ownership");
    }
  }

  /** Of a log that is closed nothing is acquired or released any more: its node is stopping. */
  #inCourse(work: Promise<void>, { kind, partition }: Exclude<OwnershipEffect, { readonly kind: "report" }>): void {
    const { service, runtime } = this.#init;
    this.#underWay += 1;
    const done = (): void => {
      this.#underWay -= 1;
      if (this.#underWay > 0) return; // sixteen of them are one change, and one line of the log
      const partitions = this.#state.tenures.flatMap(({ kind: tenure }, i) => (tenure === "held" ? [i] : []));
      runtime.logger.log("info", "partitions.owned", { service, partitions });
    };
    work
      .catch((error: unknown) => runtime.logger.log("warn", "partition.not_settled", { service, partition, effect: kind, error }))
      .finally(done);
  }

  async #acquire(partition: number, epoch: number): Promise<void> {
    const { service, runtime } = this.#init;
    const { writer, tenants } = this.#log;
    const acquired = await writer.acquire(partition, epoch);
    runtime.logger.log("debug", acquired.taken ? "partition.acquired" : "partition.refused", { service, partition, epoch });
    if (acquired.taken) {
      tenants.acquired(partition);
      this.#take({ kind: "acquired", partition, epoch });
    } else this.#take({ kind: "refused", partition, epoch: acquired.epoch });
  }

  async #release(partition: number): Promise<void> {
    const { writer, tenants } = this.#log;
    await tenants.leave(partition);
    await writer.release(partition);
    this.#init.runtime.logger.log("debug", "partition.released", { service: this.#init.service, partition });
    this.#take({ kind: "released", partition });
  }

  get #log(): OpenParts {
    assert(this.#open, "what is acquired and released is of an open log");
    return this.#open;
  }
}

const isGranted = ({ partitions }: ServicePlan, incarnation: string): boolean => partitions.some(({ owner }) => owner === incarnation);
