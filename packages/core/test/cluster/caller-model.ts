// Who sends messages to the owners of partitions by a plan that may be old.
import assert from "node:assert/strict";
import type { ServicePlan } from "@atoll/core/cluster";

export class LaneMessage {
  readonly partition: number;
  /** Of the plan that it was sent with; until it is sent again, the next one has to be higher. */
  epoch = -1;
  state: "waiting" | "sent" | "taken" = "waiting";
  redirects = 0;

  constructor(partition: number) {
    this.partition = partition;
  }

  answered(answer: "taken" | number): void {
    assert.equal(this.state, "sent");
    this.state = answer === "taken" ? "taken" : "waiting";
    if (answer === "taken") return;
    assert(answer >= this.epoch, "who says moved knows at least as much as the message");
    this.redirects += 1;
  }

  lost(): void {
    this.state = "waiting";
  }
}

export class CallerModel {
  readonly plans: ServicePlan[] = [];
  readonly messages: LaneMessage[] = [];
  #plan: ServicePlan | undefined;

  /** The next of the plans that are on their way. */
  hear(): boolean {
    const plan = this.plans.shift();
    this.#plan = plan ?? this.#plan;
    return plan !== undefined;
  }

  /** Sends what waits and has, by the plan, somewhere new to go. */
  send(deliver: (to: string, message: LaneMessage) => boolean): boolean {
    let sent = false;
    for (const message of this.messages) {
      const partition = this.#plan?.partitions[message.partition];
      if (message.state !== "waiting" || partition?.owner === undefined || partition.epoch <= message.epoch) continue;
      const before = message.epoch;
      message.epoch = partition.epoch;
      message.state = "sent";
      if (deliver(partition.owner, message)) sent = true;
      else [message.epoch, message.state] = [before, "waiting"];
    }
    return sent;
  }
}
