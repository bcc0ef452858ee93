// One node of a system in its own process: does what the supervisor says, and tells it how that went. It ends when it was asked to, when
// it cannot start, and when its supervisor is gone.
import type { Running } from "@atoll/core";
import { Metrics, type Runtime } from "@atoll/core/runtime";
import { jsonLogger } from "@atoll/core/runtime/node";
import { flushCompileCache } from "node:module";
import { controlVerbs } from "../control.ts";
import { CommandError } from "../command-error.ts";
import type { Verbs } from "../control-server.ts";
import { report } from "../report.ts";
import { settledMs } from "../settled.ts";
import { loadSystem, ringParts, type SystemFile } from "../system-file.ts";
import { beatEveryMs } from "./beats.ts";
import type { Assignment, FromNode, ToNode } from "./channel.ts";
import { figuresFrom, figuresVerb } from "./figures.ts";
import { KnownNodes } from "./known-nodes.ts";

interface Up {
  readonly running: Running;
  readonly verbs: Verbs;
}

export class Node {
  #file = "";
  #loaded: Promise<SystemFile> | undefined;
  #known: KnownNodes | undefined;
  #up: Promise<Up> | undefined;
  #stopping = false;
  /** Other nodes of the service do, when this one stops. */
  #goesOn = false;

  take(message: ToNode): void {
    switch (message.kind) {
      case "load":
        this.#file = message.file;
        this.#loaded = loadSystem(message.file, 1);
        this.#loaded.catch((error: unknown) => this.#refuse(error));
        setInterval(beat, beatEveryMs).unref();
        return;
      case "begin":
        this.#begin(message.assignment);
        return;
      case "directory":
        this.#known?.tell(message.entries);
        send({ kind: "told", version: message.version });
        return;
      case "ask":
        void this.#answer(message);
        return;
      case "stop":
        this.#goesOn = message.goesOn;
        // What others had sent before they were told of it is here by now, and read in this turn of the loop or in the next.
        setImmediate(() => setImmediate(() => void this.#stop(message.graceMs)));
    }
  }

  signalled(): void {
    send({ kind: "signalled" });
  }

  /** Answers what was accepted, then ends the process. What is still starting is stopped once it has started. */
  async #stop(graceMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const up = await this.#up?.catch(() => undefined);
    await up?.running.stop(graceMs);
    process.exit(0);
  }

  #begin(assignment: Assignment): void {
    this.#up = this.#start(assignment);
    void this.#tell(this.#up);
  }

  async #tell(up: Promise<Up>): Promise<void> {
    try {
      send({ kind: "running", url: (await up).running.url });
      setTimeout(flushCompileCache, settledMs).unref();
    } catch (error) {
      this.#refuse(error);
    }
  }

  async #start({ self, at, secret, data, port, host, sharing, directory }: Assignment): Promise<Up> {
    this.#known = new KnownNodes(directory);
    const known = this.#known;
    const [loaded, { helloOf, ring, SocketTransport }] = await Promise.all([this.#loaded, ringParts(this.#file)]);
    if (!loaded) throw new CommandError("the supervisor has named no file");
    const { system, start, threads } = loaded;
    let metrics: Runtime["metrics"] | undefined;
    const running = await start(system, {
      port,
      data,
      logger: jsonLogger(),
      metrics: new Metrics({ node: self.node, service: self.service }),
      ...(host === undefined ? {} : { host }),
      ...(sharing === undefined ? {} : { sharing: { first: sharing === "first", goesOn: () => this.#goesOn } }),
      ...(threads ? { threads } : {}),
      ring: (runtime) => {
        ({ metrics } = runtime);
        const transport = new SocketTransport(runtime, { system: system.name, self, hello: helloOf(system, self.service) });
        return ring({ transport, directory: known, at, secret, report: (said) => send({ kind: "report", report: said }) });
      },
    });
    return { running, verbs: { ...controlVerbs(running), [figuresVerb]: () => figuresFrom(metrics?.render() ?? "") } };
  }

  #refuse(error: unknown): void {
    const { text } = report(error, false);
    send({ kind: "refused", why: text.replace(/^atoll: /, "").trimEnd() }, () => process.exit(1));
  }

  async #answer({ n, verb: name, input }: Extract<ToNode, { kind: "ask" }>): Promise<void> {
    try {
      const up = await this.#up;
      const verb = up && Object.hasOwn(up.verbs, name) ? up.verbs[name] : undefined;
      if (!verb) throw new CommandError(`this node knows no "${name}"`);
      send({ kind: "answer", n, value: await verb(input) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const how = !(error instanceof CommandError) ? "broke" : error.elsewhere ? "elsewhere" : "refused";
      send({ kind: "error", n, message, how });
    }
  }
}

let beating = false;

/** While one is under way there is no other: a supervisor that reads nothing costs no more than that. */
function beat(): void {
  if (beating) return;
  beating = true;
  send({ kind: "beat" }, () => (beating = false));
}

/** Where the supervisor is gone this process ends as well: see node-process.ts. */
function send(message: FromNode, then = (): void => {}): void {
  if (process.send && process.connected) process.send(message, undefined, undefined, then);
  else then();
}
