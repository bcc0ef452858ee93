// A client of a feed that reads when it is told to, as the standard for server-sent events says.

export interface FeedEvent {
  readonly id: string;
  readonly data: { readonly [member: string]: unknown };
}

export class FeedClient {
  readonly status: number;
  readonly headers: Headers;
  /** Id of the last event, or what a block without data has made of it. */
  lastId = "";
  retryMs: number | undefined;
  /** Blocks that were comments, or only moved the id. */
  quiet = 0;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(response: Response) {
    this.status = response.status;
    this.headers = response.headers;
    this.#reader = response.body?.getReader();
  }

  /** The next event; undefined at the end. Reads no more than it has to. */
  async next(): Promise<FeedEvent | undefined> {
    for (;;) {
      for (let end = this.#text.indexOf("\n\n"); end !== -1; end = this.#text.indexOf("\n\n")) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const event = this.#event(block);
        if (event) return event;
      }
      if (!(await this.read())) return undefined;
    }
  }

  async take(count: number): Promise<readonly FeedEvent[]> {
    const events: FeedEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (!event) break;
      events.push(event);
    }
    return events;
  }

  /** One piece from the connection, whatever it holds; false at the end. */
  async read(): Promise<boolean> {
    const { done, value } = (await this.#reader?.read()) ?? { done: true, value: undefined };
    if (value) this.#text += this.#decoder.decode(value, { stream: true });
    return !done;
  }

  /** Without reading what is left. */
  async leave(): Promise<void> {
    await this.#reader?.cancel();
  }

  #event(block: string): FeedEvent | undefined {
    let data: string | undefined;
    for (const line of block.split("\n")) {
      if (line.startsWith("id: ")) this.lastId = line.slice(4);
      if (line.startsWith("retry: ")) this.retryMs = Number(line.slice(7));
      if (line.startsWith("data: ")) data = line.slice(6);
    }
    if (data !== undefined) return { id: this.lastId, data: JSON.parse(data) as FeedEvent["data"] };
    this.quiet += 1;
    return undefined;
  }
}
