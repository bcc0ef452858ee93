// One direction of a connection through the simulated network: packets on their way, and those that have arrived and wait
// for the receiving process. What is not disordered on purpose arrives in order, as over a stream.
import type { VirtualProcess } from "../../runtime/virtual/index.ts";
import { Deque } from "../../base/deque.ts";
import type { LinkEnd, Wire } from "../link-end.ts";

/** "fin": the sender has ended. "reset": the receiver's connection is not known where its packets go. */
export type Packet = { readonly kind: "frame"; readonly text: string } | { readonly kind: "fin" } | { readonly kind: "reset" };

/** One end of a connection, in its process. */
export class Side implements Wire {
  readonly form = "text";
  readonly node: string;
  readonly process: VirtualProcess;
  readonly #send: (packet: Packet) => void;
  readonly #arrived = new Deque<Packet>();
  readonly #drain = (): void => this.#deliver();
  /** On their way to the other side in order: when the first is due, it arrives. */
  readonly onTheWay = new Deque<Packet>();
  /** When the last of those is due, in virtual ms. */
  lastDueMs = 0;
  #end: LinkEnd | undefined;
  #over = false;
  #due = false;

  constructor(node: string, process: VirtualProcess, send: (from: Side, packet: Packet) => void) {
    this.node = node;
    this.process = process;
    this.#send = (packet) => send(this, packet);
  }

  /** Nobody is there any more to take a packet. */
  get isOver(): boolean {
    return this.#over || this.process.state === "crashed";
  }

  leadTo(end: LinkEnd): void {
    this.#end = end;
  }

  write(frame: string): void {
    this.#send({ kind: "frame", text: frame });
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#send({ kind: "fin" });
  }

  /** Waits for the process, as in the buffer of its kernel: a stopped one finds it when it goes on. */
  arrive(packet: Packet): void {
    this.#arrived.push(packet);
    if (this.#due) return;
    this.#due = true;
    this.process.scheduler.soon(this.#drain);
  }

  #deliver(): void {
    this.#due = false;
    const end = this.#end as LinkEnd;
    for (let packet = this.#arrived.shift(); packet; packet = this.#arrived.shift()) {
      if (packet.kind === "frame") end.received(JSON.parse(packet.text), packet.text.length);
      else end.broken(packet.kind === "fin" ? "the other process has closed the connection" : "the connection was reset");
    }
  }
}
