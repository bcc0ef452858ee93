// What an implementation of the transport provides so that the conformance suite can run against it, and the frame in which
// every law is tested: fresh nodes each, cleaned up whatever happens.
import { test } from "node:test";
import type { Json } from "../../contract/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { LinkLimits } from "../link-limits.ts";
import { ticketFor } from "../ticket.ts";
import type { Address, HandleLink, Listener, NodeIdentity, Transport } from "../transport.ts";
import { Recorder } from "./recorder.ts";

export interface NodeInit {
  readonly name: string;
  readonly system?: string;
  readonly hello?: Json;
  readonly limits?: Partial<LinkLimits>;
}

export interface NodeUnderTest {
  readonly runtime: Runtime;
  readonly transport: Transport;
  /** Where it is to listen. */
  readonly at: string;
}

export interface TransportUnderTest {
  node(init: NodeInit & { readonly system: string; readonly self: NodeIdentity }): NodeUnderTest;
  /** Lets everything go on until `promise` is settled. */
  drive<T>(promise: Promise<T>): Promise<T>;
  /** Names of the events logged so far, by all nodes. */
  logged(): readonly string[];
  cleanup(): Promise<void>;
}

export interface TransportTckOptions {
  /** Characters are counted, because messages are encoded. */
  readonly sized: boolean;
  /** How often each law is tested, with another seed each time; more than 1 only where `setup` makes use of it. */
  readonly seeds: number;
}

export type Setup = (seed: number) => Promise<TransportUnderTest>;

export interface Subject {
  readonly setup: Setup;
  readonly options: TransportTckOptions;
}

/** A guard against a link that hangs, not a demand on its speed. */
const lawTimeoutMs = 120_000;

export function law(subject: Subject, title: string, check: (stage: Stage) => Promise<void>): void {
  test(title, { timeout: lawTimeoutMs }, async () => {
    for (let seed = 1; seed <= subject.options.seeds; seed++) {
      const under = await subject.setup(seed);
      try {
        await under.drive(check(new Stage(under)));
      } finally {
        await under.cleanup();
      }
    }
  });
}

/** One node, with what the supervisor knows of it. */
export class StageNode implements NodeUnderTest {
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly at: string;
  readonly system: string;
  readonly secret: string;

  constructor({ runtime, transport, at }: NodeUnderTest, system: string) {
    this.runtime = runtime;
    this.transport = transport;
    this.at = at;
    this.system = system;
    this.secret = `secret of ${transport.self.node}`;
  }

  get self(): NodeIdentity {
    return this.transport.self;
  }

  listen(accept: HandleLink): Promise<Listener> {
    return this.transport.listen(this.at, this.secret, accept);
  }

  /** As `caller` is given it. */
  addressFor({ self, system }: StageNode): Address {
    return { identity: this.self, at: this.at, ticket: ticketFor(this.secret, system, self) };
  }

  metric(line: string): number {
    const found = this.runtime.metrics
      .render()
      .split("\n")
      .find((text) => text.startsWith(`${line} `));
    return Number(found?.slice(line.length + 1));
  }
}

export interface Pair {
  readonly near: Recorder;
  readonly far: Recorder;
}

export class Stage {
  readonly under: TransportUnderTest;
  #nodes = 0;

  constructor(under: TransportUnderTest) {
    this.under = under;
  }

  node(init: NodeInit): StageNode {
    this.#nodes += 1;
    const { system = "trial" } = init;
    const self: NodeIdentity = { node: init.name, service: init.name, incarnation: this.#nodes.toString(16).padStart(32, "0") };
    return new StageNode(this.under.node({ ...init, system, self }), system);
  }

  /** A link from `a` to `b`, both ends recorded. */
  async link(a: StageNode, b: StageNode): Promise<Pair> {
    const far = Promise.withResolvers<Recorder>();
    await b.listen((link) => {
      const recorder = new Recorder(link);
      far.resolve(recorder);
      return recorder;
    });
    let near: Recorder | undefined;
    await a.transport.connect(b.addressFor(a), (link) => (near = new Recorder(link)));
    return { near: near as Recorder, far: await far.promise };
  }

  async pair(limits: Partial<LinkLimits> = {}): Promise<Pair> {
    return this.link(this.node({ name: "a", limits }), this.node({ name: "b", limits }));
  }

  /** So long by the clock of this node. */
  wait({ runtime }: NodeUnderTest, ms: number): Promise<void> {
    return new Promise((resolve) => void runtime.timers.after(ms, resolve));
  }
}
