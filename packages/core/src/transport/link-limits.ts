// The bounds of links and listeners. Characters are those of JSON text, UTF-16 code units: at most three bytes each on the
// wire. What one end may have under way is bounded by its own limits and by what the other end allows, so that nobody can be
// talked into buffering.

export interface LinkLimits {
  /** Messages of one direction that are sent and not handled. */
  readonly messagesInFlightMax: number;
  /** Their characters; at least twice those of the largest message. */
  readonly charsInFlightMax: number;
  readonly messageCharsMax: number;
  /** A batch of so many closes before the end of the turn, so that the other end works while this one goes on. */
  readonly batchMessages: number;
  /** A batch that would have more closes before the end of the turn. */
  readonly batchChars: number;
  /** Of a hello or its answer. */
  readonly helloCharsMax: number;
  /** An end that hears nothing for so long calls the link lost; 0: never, where the medium cannot lose anything in silence. */
  readonly silentMs: number;
  /** From the connection to the end of the handshake. */
  readonly handshakeMs: number;
  /** Links of one listener. */
  readonly linksMax: number;
  /** Connections of one listener whose handshake is not finished; a further one takes the place of the oldest. */
  readonly strangersMax: number;
}

export const linkLimits: LinkLimits = {
  messagesInFlightMax: 4_096,
  charsInFlightMax: 4 * 2 ** 20,
  messageCharsMax: 2 ** 20,
  batchMessages: 32,
  batchChars: 64 * 2 ** 10,
  helloCharsMax: 16 * 2 ** 10,
  silentMs: 3_000,
  handshakeMs: 2_000,
  linksMax: 256,
  strangersMax: 64,
};

/** Of what the other end may ask for: a beat more often would cost more than the messages. */
export const silentMsMin = 100;
/** Characters of a frame besides its messages: three numbers, brackets, commas. */
export const headCharsMax = 64;
/** Of what an end says when it closes; the rest is cut off. */
export const whyCharsMax = 300;

/** The longest frame: the largest message alone. A batch that would be longer closes before. */
export const frameCharsMax = ({ messageCharsMax }: Pick<LinkLimits, "messageCharsMax">): number => messageCharsMax + headCharsMax;
