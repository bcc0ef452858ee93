// The port by which two nodes exchange messages. A link joins two nodes; it lives from a handshake to its loss and never
// comes back: whoever wants to go on makes a new one and resends by what its own protocol knows (command ids, sequences of
// tells). Implementations: transport/memory (one process), transport/socket (the processes of one machine),
// transport/simulated (a packet network with faults). All pass transport/tck, and all drive the same pure machine,
// link-machine.ts (ADR 0027).
//
// The laws, cited by number in the TCK:
//
//  T1  order        Messages of one direction of a link arrive in the order in which they were sent.
//  T2  once         No message arrives twice within the life of a link, nor over a later one by itself.
//  T3  prefix       What has arrived is a prefix of what was taken: a message that is lost takes the link with it, and
//                   nothing that was sent after it arrives.
//  T4  visible      A link that is lost is lost at both ends: at once where the medium says so, else at the first end
//                   within `silentMs` and a quarter of that of its own running time, at the other within as long again. `closed` is
//                   called exactly once, `message` and `room` never after it, nor after one's own `close`.
//  T5  bounded      At most `messagesInFlightMax` messages and `charsInFlightMax` characters are under way in one direction:
//                   `send` refuses instead of buffering. After a refusal `room` is called once there is room for any legal
//                   message. A message of more than `messageCharsMax` is refused with MESSAGE_TOO_LARGE, and the link goes on.
//  T6  handshake    Nothing is handed over before both ends agree on protocol and system, each is the node that the other
//                   means, incarnation and all, and the ticket proves who calls. A refusal reaches the caller with
//                   its reason (`ConnectFailure`), and is logged and counted at the listener.
//  T7  hostile      Whatever arrives, the link ends with a reason, at the latest `handshakeMs` after an unfinished handshake
//                   began, and what is kept of it stays within the bounds of link-limits.ts. Other links do not notice.
import type { Json } from "../contract/index.ts";

/** Who is at one end: what the supervisor gave the process. */
export interface NodeIdentity {
  /** Unique among the living nodes of a system: "stock-1". */
  readonly node: string;
  readonly service: string;
  /** 32 lower-case hexadecimal digits, minted when the process starts. */
  readonly incarnation: string;
}

export interface Address {
  readonly identity: NodeIdentity;
  /** Where that incarnation listens, and no other: the path of a Unix socket, a name in memory. */
  readonly at: string;
  /** Proves to that node who we are: `ticketFor` its secret and our identity, handed out by the supervisor. */
  readonly ticket: string;
}

/** Why a link is no more, as one end sees it. `why` is for people. */
export type LinkLoss =
  /** Closed in good order, by this end or by the other one. */
  | { readonly kind: "closed"; readonly by: "here" | "there"; readonly why: string }
  /** The medium ended without a goodbye: usually the other process is gone. */
  | { readonly kind: "broken"; readonly why: string }
  /** Nothing was heard for `silentMs`. */
  | { readonly kind: "silent"; readonly why: string }
  /** The medium lost or disordered something. */
  | { readonly kind: "gap"; readonly why: string }
  /** What arrived is not of the protocol. */
  | { readonly kind: "violated"; readonly why: string }
  /** The handler threw, at this end. */
  | { readonly kind: "failed"; readonly why: string };

export interface Link {
  readonly peer: NodeIdentity;
  /** What the other end said of itself in the handshake: contract versions, for instance. */
  readonly hello: Json;
  /** The version of the protocol that both ends speak. */
  readonly protocol: number;
  /**
   * `message` is JSON text: whoever sends encodes, once, also what it may send again. True: taken, and arrives unless the link is lost. False: nothing taken, for
   * want of credit (`room` follows) or because the link is lost. Throws MESSAGE_TOO_LARGE (T5).
   */
  send(message: string): boolean;
  /** What was taken still leaves. Idempotent; `closed` follows, not within the call. */
  close(why?: string): void;
}

export interface LinkHandler {
  /** Its credit goes back when this returns. If it throws, the link ends. */
  message(message: Json): void;
  room(): void;
  /** Once, and last. */
  closed(loss: LinkLoss): void;
}

/** Makes the handler of a new link. May send; nothing arrives within the call. */
export type HandleLink = (link: Link) => LinkHandler;

export interface Listener extends AsyncDisposable {
  readonly at: string;
  /** Takes no further links; those that are open live on. Idempotent. */
  close(): Promise<void>;
}

export interface Transport {
  readonly self: NodeIdentity;
  /** `secret`: what tickets to this node are made with. Fails with ADDRESS_TAKEN, INVALID_CONFIG. */
  listen(at: string, secret: string, accept: HandleLink): Promise<Listener>;
  /** Fails with a `ConnectFailure`; within `handshakeMs` in any case. */
  connect(to: Address, handle: HandleLink): Promise<Link>;
}
